"""The commands of GTS, declared once and read by everything that offers them.

A module here holds one command: its declaration, its results, and the function that does the work and knows no screen. The
declarations are light to import; what a command needs is imported when it runs.
"""
