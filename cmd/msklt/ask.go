package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// ask asks a question that only "y" or "yes" affirms. Where nobody sits at a terminal,
// asked is false.
func (p *process) ask(ctx context.Context, question string) (yes, asked bool, err error) {
	if !p.interactive {
		return false, false, nil
	}
	fmt.Fprint(p.stderr, question+" [y/N] ")
	answer := make(chan string, 1)
	go func() { // a read cannot be interrupted
		line, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.stderr)
		return false, true, ctx.Err()
	case line := <-answer:
		word := strings.ToLower(strings.TrimSpace(line))
		return word == "y" || word == "yes", true, nil
	}
}
