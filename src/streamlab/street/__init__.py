"""A synthetic street: pictures with ground truth. Does not depend on sources or codecs.

``scene`` draws it, ``look`` defines what may vary, ``parameters`` parses its URL.
"""
