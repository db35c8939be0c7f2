"""What a figure does, as files of other programs: glTF, USD, BVH, CSV."""
