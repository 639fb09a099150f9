package generator

import (
	"bufio"
	"bytes"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// controlGroup is where Linux says how long a quota on processors kept this process
// from running: the cpu.stat files of its group and of those above it, of which
// each can have a quota. The zero value is a system without.
type controlGroup struct {
	root  fs.FS
	files []string
}

// findGroup looks for the files of this process' group. The root is that of the
// file system.
func findGroup(root fs.FS) controlGroup {
	g := controlGroup{root: root}
	memberships, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return g
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return g
	}
	for line := range strings.Lines(string(memberships)) {
		// hierarchy:controllers:path; version 2 has number 0 and no controllers.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		second := fields[0] == "0" && fields[1] == ""
		if !second && !slices.Contains(strings.Split(fields[1], ","), "cpu") {
			continue
		}
		if at, below, ok := mountOf(mounts, second, fields[2]); ok {
			for dir := filepath.Join(at, below); ; dir = filepath.Dir(dir) {
				file := strings.TrimPrefix(filepath.Join(dir, "cpu.stat"), "/")
				if stat, err := fs.ReadFile(root, file); err == nil {
					if _, ok := throttledIn(stat); ok {
						g.files = append(g.files, file)
					}
				}
				if len(dir) <= len(at) {
					break
				}
			}
		}
	}
	return g
}

// mountOf finds where the hierarchy is mounted that has a group, and the group's
// path below.
func mountOf(mounts []byte, second bool, group string) (at, below string, ok bool) {
	lines := bufio.NewScanner(bytes.NewReader(mounts))
	for lines.Scan() {
		// id parent device root mount-point options... - type source super-options
		left, right, found := strings.Cut(lines.Text(), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !found || len(l) < 5 || len(r) < 3 {
			continue
		}
		if second && r[0] != "cgroup2" || !second && (r[0] != "cgroup" || !slices.Contains(strings.Split(r[2], ","), "cpu")) {
			continue
		}
		// In a container the mount may begin at the container's group.
		root := strings.TrimSuffix(l[3], "/")
		if below, inside := strings.CutPrefix(group, root); inside && (below == "" || below[0] == '/') {
			return l[4], below, true
		}
		return l[4], "", true
	}
	return "", "", false
}

// throttled is the processor time that quotas withheld so far; ok is false where
// that is not known.
func (g controlGroup) throttled() (sum time.Duration, ok bool) {
	for _, file := range g.files {
		stat, err := fs.ReadFile(g.root, file)
		if err != nil {
			continue
		}
		if d, has := throttledIn(stat); has {
			sum, ok = sum+d, true
		}
	}
	return sum, ok
}

// throttledIn reads a cpu.stat file of either version; ok is false for one that
// says nothing of throttling, as that of a group without the controller.
func throttledIn(stat []byte) (d time.Duration, ok bool) {
	for line := range strings.Lines(string(stat)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		unit, known := map[string]time.Duration{"throttled_time": time.Nanosecond, "throttled_usec": time.Microsecond}[name]
		if n, err := strconv.ParseInt(value, 10, 64); known && err == nil {
			return time.Duration(n) * unit, true
		}
	}
	return 0, false
}
