package generator

import (
	"testing"
	"testing/fstest"
	"time"
)

// TestControlGroup reads what Linux says of a process' quota, as its versions lay it
// out.
func TestControlGroup(t *testing.T) {
	const (
		v2     = "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
		v2Own  = "30 1 0:26 /kubepods/pod1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
		hybrid = "31 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
			"32 31 0:21 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
			"33 31 0:22 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
			"34 31 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		container = "33 31 0:22 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpuacct,cpu\n"
		stat2     = "usage_usec 5\nuser_usec 3\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n"
		stat1     = "nr_periods 10\nnr_throttled 4\nthrottled_time 250000000\n"
	)
	for name, c := range map[string]struct {
		files map[string]string
		want  time.Duration
		known bool
	}{
		"version 2": {map[string]string{
			"proc/self/cgroup": "0::/user.slice/app\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/user.slice/app/cpu.stat": stat2, "sys/fs/cgroup/cpu.stat": "usage_usec 5\n",
		}, 250 * time.Millisecond, true},
		"version 2, the group above has one too": {map[string]string{
			"proc/self/cgroup": "0::/user.slice/app\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/user.slice/app/cpu.stat": stat2, "sys/fs/cgroup/user.slice/cpu.stat": stat2,
		}, 500 * time.Millisecond, true},
		"version 2, a container's own view": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": v2, "sys/fs/cgroup/cpu.stat": stat2,
		}, 250 * time.Millisecond, true},
		"version 2, a container with the host's paths": {map[string]string{
			"proc/self/cgroup": "0::/kubepods/pod1/c1\n", "proc/self/mountinfo": v2Own, "sys/fs/cgroup/c1/cpu.stat": stat2,
		}, 250 * time.Millisecond, true},
		"version 2 without the controller": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": v2, "sys/fs/cgroup/app/cpu.stat": "usage_usec 5\n",
		}, 0, false},
		"both versions": {map[string]string{
			"proc/self/cgroup": "9:memory:/m\n4:cpu,cpuacct:/app\n0::/other\n", "proc/self/mountinfo": hybrid,
			"sys/fs/cgroup/cpu,cpuacct/app/cpu.stat": stat1, "sys/fs/cgroup/memory/m/cpu.stat": stat1,
		}, 250 * time.Millisecond, true},
		"version 1, a container with the host's paths": {map[string]string{
			"proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n", "proc/self/mountinfo": container,
			"sys/fs/cgroup/cpu,cpuacct/cpu.stat": stat1,
		}, 250 * time.Millisecond, true},
		"a sibling's name is no parent's": {map[string]string{
			"proc/self/cgroup": "4:cpu,cpuacct:/docker/abcdef\n", "proc/self/mountinfo": container,
			"sys/fs/cgroup/cpu,cpuacct/cpu.stat": stat1,
		}, 250 * time.Millisecond, true},
		"a process that was never held back": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/app/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
		}, 0, true},
		"no control groups": {nil, 0, false},
		"broken files": {map[string]string{
			"proc/self/cgroup": "0\n:\n4:cpu\n", "proc/self/mountinfo": "x\n - \n30 1 - cgroup2\n",
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for path, text := range c.files {
				root[path] = &fstest.MapFile{Data: []byte(text)}
			}
			if got, known := findGroup(root).throttled(); got != c.want || known != c.known {
				t.Errorf("%s, known %v; want %s, %v", got, known, c.want, c.known)
			}
		})
	}
}
