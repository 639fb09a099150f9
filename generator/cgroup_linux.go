package generator

import "os"

// ownGroup is this process' control group.
func ownGroup() controlGroup { return findGroup(os.DirFS("/")) }
