// Command bench holds msklt against the tools in use today, side by side in one
// run, and keeps what came out in README.md. `make bench` runs it; BENCH names
// some of its cases.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the benchmark, or one of the processes that it starts of itself.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "bare":
			return bare(ctx, args[1:], stdout)
		case "kfake":
			return kfakeSink(ctx, args[1:], stdout)
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 5, "`times` that each peer of a case runs")
	readme := flags.String("readme", "bench/README.md", "`file` whose tables are replaced")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(allCases(), flags.Args())
	if err != nil {
		return err
	}
	b, err := setUp(ctx, stderr)
	if err != nil {
		return err
	}
	defer b.tearDown()
	text, err := os.ReadFile(*readme)
	if err != nil {
		return fmt.Errorf("reading the tables so far: %w", err)
	}
	page := replaceSection(string(text), "machine", b.machine(ctx))
	for _, c := range chosen {
		o := b.runCase(ctx, c, *rounds)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted; %s is as it was", *readme)
		}
		section := o.markdown(b.commands)
		fmt.Fprintf(stdout, "%s\n", section)
		page = replaceSection(page, c.name, section)
	}
	if err := os.WriteFile(*readme, []byte(page), 0o644); err != nil {
		return fmt.Errorf("writing the tables: %w", err)
	}
	return nil
}

// choose returns the cases of the names, or all. A name stands for every case that
// begins with it and a hyphen: "paced" for paced-100 and paced-1000.
func choose(all []benchCase, names []string) ([]benchCase, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []benchCase
	for _, name := range names {
		found := false
		for _, c := range all {
			if c.name == name || strings.HasPrefix(c.name, name+"-") {
				chosen, found = append(chosen, c), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no case %q; there are %s", name, strings.Join(caseNames(all), ", "))
		}
	}
	return chosen, nil
}

func caseNames(all []benchCase) (names []string) {
	for _, c := range all {
		names = append(names, c.name)
	}
	return names
}
