package generator

import (
	"runtime"
	"runtime/debug"

	"msklt/report"
)

// versions are those of the program and of the client library.
func versions() report.Versions {
	v := report.Versions{Msklt: "(devel)", Go: runtime.Version(), FranzGo: "not known"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Msklt = info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/twmb/franz-go" {
			v.FranzGo = m.Version
		}
	}
	return v
}

func environment() report.Environment {
	return report.Environment{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0)}
}
