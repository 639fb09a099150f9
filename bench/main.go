// Command bench holds msklt against the tools in use today, side by side in one
// run. `make bench` runs it and keeps its table in README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "bare" {
		return bare(ctx, args[1:], os.Stdout)
	}
	return fmt.Errorf("want: bench bare produce|poll")
}
