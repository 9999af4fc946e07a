"""Tag a VPC with an endpoint profile; its endpoints come to exist, stay right, and go away.

core        what is there, wanted, to do, wrong, to say, where to look     standard library only
aws         reads EC2 into values, carries a plan out, paces, names errors
reconcile   look, compare, act                audit    look everywhere, say what is wrong
config      settings from the environment     notify   who is told, and how
cli         the same at a terminal            profiles.toml   every profile, one table each
"""
