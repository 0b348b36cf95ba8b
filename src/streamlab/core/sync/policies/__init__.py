"""The sync policies, one file each; ``core.sync.policy`` registers them."""
