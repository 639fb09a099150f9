package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"msklt/report"
)

// tidy tells of runs that were killed before they could write their result beside
// one that is to be called out, and takes away what they left there.
func (p *process) tidy(out string) {
	for _, k := range killedBeside(out, "") {
		p.tellOf(k)
		end := fmt.Sprintf("what it has left beside this run's result, %s, is removed now", k.Folder)
		if k.Written {
			end = "it was killed while it wrote its result; what there is of it is in " + k.Folder
		}
		if err := k.Remove(); err != nil {
			end = fmt.Sprintf("what it has left, %s, cannot be removed: %v", k.Folder, err)
		}
		fmt.Fprintln(p.stderr, "  "+end)
	}
}

// killedBeside finds the runs that were to write a result called name beside dir;
// of any name where that is "".
func killedBeside(dir, name string) []*report.Killed {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil // what comes next fails too, and says so
	}
	return report.KilledIn(filepath.Dir(path), name)
}

// tellOf says which run was killed, and what it may have left on its cluster.
func (p *process) tellOf(k *report.Killed) {
	begun, seen := k.StartedAt.Local(), k.LastSeen.Local()
	fmt.Fprintf(p.stderr, "msklt: a run of scenario %s was killed and has no result: started %s, last alive %s\n",
		k.Scenario, begun.Format(time.DateTime), seen.Format(time.DateTime))
	if len(k.Bootstrap) == 0 {
		fmt.Fprintln(p.stderr, "  it ran against the embedded cluster, which ended with it; nothing is left there")
		return
	}
	bootstrap := strings.Join(k.Bootstrap, ",")
	fmt.Fprintf(p.stderr, `  it may have left topics and groups that begin with %s on %s; to list them, and
  after a yes remove them:
    %s
`, k.Prefix, bootstrap, cleaning(k.Flags, k.Prefix))
}
