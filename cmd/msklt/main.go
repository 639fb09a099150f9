// Command msklt shows where a Kafka cluster's limits bind, before production
// finds out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"msklt/generator"
	"msklt/internal/access"
	"msklt/internal/cluster"
	"msklt/scenario"
)

// Exit codes, as documented in the README.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitThreshold   = 3
	exitInvalid     = 4
	exitEnvironment = 5
	exitHungUp      = 129
	exitInterrupted = 130
	exitTerminated  = 143
)

// process is everything that a command takes from outside itself.
type process struct {
	stdout, stderr io.Writer
	getenv         func(string) (string, bool)
	terminal       bool // stderr is one
	size           func() (width, height int, err error)
	signalled      func() os.Signal
	last           lastWords
	stdin          io.Reader
	interactive    bool // somebody can be asked: stdin and stderr are a terminal
}

// color tells whether what goes to stderr may be coloured.
func (p *process) color(forbidden bool) bool {
	_, noColor := p.getenv("NO_COLOR")
	return p.terminal && !noColor && !forbidden
}

// printJSON prints a value on stdout, for people and programs.
func (p *process) printJSON(value any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// usageError is a mistake in flags or arguments.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitError carries an exit code without a message: what there is to say has been
// said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	p := &process{
		stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())), stdin: os.Stdin,
		size: func() (int, int, error) { return term.GetSize(int(os.Stderr.Fd())) },
	}
	ctx, signalled := onSignal(context.Background(), &p.last)
	p.signalled = signalled
	p.interactive = p.terminal && term.IsTerminal(int(os.Stdin.Fd()))
	os.Exit(p.main(ctx, os.Args[1:]))
}

// main runs one command and returns its exit code.
func (p *process) main(ctx context.Context, args []string) int {
	root := p.commands()
	root.SetArgs(args)
	return p.exitCode(root.ExecuteContext(ctx))
}

// commands are all verbs.
func (p *process) commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "msklt",
		Short:         "Shows where a Kafka cluster's limits bind, before production finds out",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(p.runCommand(), p.planCommand(), p.clusterCommand(), p.checkCommand(), p.reportCommand(), p.compareCommand(), p.cleanCommand(),
		p.initCommand(), p.schemaCommand())
	for _, c := range root.Commands() {
		args := c.Args
		c.Args = func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return usageError{fmt.Errorf("%w; usage: %s", err, c.UseLine())}
			}
			return nil
		}
	}
	return root
}

// exitCode says what went wrong, and turns it into the exit code.
func (p *process) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if s := p.signalled(); s != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(p.stderr, "msklt: interrupted before any traffic; there is no result")
		var left *generator.LeftError
		if errors.As(err, &left) {
			fmt.Fprintln(p.stderr, "msklt: left on the cluster:", left)
		}
		var u unclean
		if errors.As(err, &u) {
			fmt.Fprintln(p.stderr, u.hint())
		}
		return signalCode(s)
	}
	var code exitError
	if errors.As(err, &code) {
		return int(code)
	}
	var problems scenario.Problems
	var usage usageError
	var unreached *access.Problem
	switch {
	case errors.As(err, &problems):
		fmt.Fprintln(p.stderr, strings.TrimRight(problems.Error(), "\n"))
		return exitUsage
	case errors.Is(err, cluster.ErrEnvironment), errors.As(err, &unreached):
		fmt.Fprintln(p.stderr, "msklt:", err)
		return exitEnvironment
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintln(p.stderr, "msklt:", err)
		return exitUsage
	}
	fmt.Fprintln(p.stderr, "msklt:", err)
	return exitInternal
}
