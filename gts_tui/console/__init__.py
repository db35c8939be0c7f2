"""The command line of the terminal program:

input, completion, history, execution, output. It may import `widgets` and below.
"""
