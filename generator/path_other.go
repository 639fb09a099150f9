//go:build !linux

package generator

import "net"

// readPath knows of no way to ask this kernel about a connection's path.
func readPath(net.Conn) (path, bool) { return path{}, false }
