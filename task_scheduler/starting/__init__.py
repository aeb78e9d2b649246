"""From a bare Python to a running program: finds, makes and enters the virtual environment the program runs in.

Everything here runs before anything is installed, so it imports the standard library alone.
"""
