"""What the measurements of a running server share: the server, and observers of their own.

They know the server by its command line and its wire protocol only.
"""
