"""The seam: carries what cameras release to where their viewers are, and requests back."""
