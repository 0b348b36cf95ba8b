"""Who owns which camera of a cluster: leases, epochs and placement. Pure, like all of ``core``."""
