package main

import (
	"path/filepath"
	"strings"

	"msklt/report"
	"msklt/scenario"
)

// flags say where a job runs, as on a command line; withheld tells that they lack edits
// which hold secrets.
func (j job) flags() (flags []string, withheld bool) {
	switch {
	case j.target.File != "":
		flags = []string{"--target", j.target.File}
	case j.target.Embedded == nil:
		flags = []string{"--bootstrap", strings.Join(j.target.Bootstrap, ",")}
	}
	edits, withheld := scenario.TargetEdits(j.set)
	for _, edit := range edits {
		flags = append(flags, "--set", edit)
	}
	return flags, withheld
}

// again is how to run the same once more. The scenario that stands in the result's
// folder has the seed, the duration and the edits already.
func (j job) again(out string, f runFlags) *report.Again {
	flags, withheld := j.flags()
	a := &report.Again{Arguments: append([]string{"run", filepath.Join(out, report.ScenarioFile)}, flags...), Withheld: withheld}
	if f.keep {
		a.Arguments = append(a.Arguments, "--keep")
	}
	if f.liveTopics {
		a.Arguments = append(a.Arguments, "--allow-live-topics")
	}
	return a
}

// cleaning is the command that removes what the run of a prefix has left where the job
// runs.
func (j job) cleaning(prefix string) string {
	flags, withheld := j.flags()
	if withheld {
		return cleaning(flags, prefix) + " (and the settings that hold secrets)"
	}
	return cleaning(flags, prefix)
}

// unclean is why a run has no result and has left something on its cluster.
type unclean struct {
	error
	cleaning string // the command that removes it
}

func (u unclean) Error() string { return u.error.Error() + "\n" + u.hint() }
func (u unclean) Unwrap() error { return u.error }
func (u unclean) hint() string  { return "to remove it: " + u.cleaning }
