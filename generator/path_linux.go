package generator

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// readPath asks the kernel about a connection's path; ok is false where it is no TCP
// connection. Through a proxy that is the path to the proxy.
//
// The shortest round trip is taken, not the smoothed one: a receiver holds an
// acknowledgement back for up to 40 ms when it has nothing else to send, which is
// just what a slow broker does.
func readPath(c net.Conn) (p path, ok bool) {
	for {
		inner, wrapped := c.(interface{ NetConn() net.Conn }) // TLS
		if !wrapped {
			break
		}
		c = inner.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return path{}, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return path{}, false
	}
	var info *unix.TCPInfo
	if cerr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); cerr != nil || err != nil {
		return path{}, false
	}
	p = path{taken: info.Bytes_acked, unsent: int64(info.Notsent_bytes), repeated: info.Retransmits > 0 && info.Unacked > 0}
	if info.Min_rtt != ^uint32(0) {
		p.travel = time.Duration(info.Min_rtt) * time.Microsecond
	}
	return p, true
}
