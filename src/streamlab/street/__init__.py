"""The synthetic street: pictures whose every object is known. Knows nothing of sources or codecs.

``scene`` draws it, ``look`` says what may vary, ``parameters`` reads its URL.
"""
