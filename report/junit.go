package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Attempt is one run of several, or as CI is told of it: its result, or why it has
// none.
type Attempt struct {
	Name   string
	Result *Result // nil when it has none
	Err    error
}

// The elements of JUnit's XML that Jenkins, GitLab and GitHub's actions read.
type (
	testSuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Suites   []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr,omitempty"`      // seconds
		Timestamp  string          `xml:"timestamp,attr,omitempty"` // UTC
		Properties *testProperties `xml:"properties"`
		Cases      []testCase      `xml:"testcase"`
		Out        string          `xml:"system-out,omitempty"`
	}
	testProperties struct {
		All []testProperty `xml:"property"`
	}
	testProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Failure *testProblem `xml:"failure"`
		Error   *testProblem `xml:"error"`
		Skipped *testProblem `xml:"skipped"`
		Out     string       `xml:"system-out,omitempty"`
	}
	testProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes runs for CI, one test suite each. A threshold that does not hold is a
// failure; what makes a run's numbers worthless is an error, as is a threshold that
// cannot be told and a run that did not end by itself. So a suite is green if and only
// if msklt ends with exit code 0 for it, but for a result that could not be written.
func JUnit(w io.Writer, runs []Attempt) error {
	all := testSuites{Name: "msklt"}
	for _, run := range runs {
		s := newTestSuite(run)
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil:
				s.Failures++
			case c.Error != nil:
				s.Errors++
			case c.Skipped != nil:
				s.Skipped++
			}
		}
		s.Tests = len(s.Cases)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newTestSuite(run Attempt) testSuite {
	name := clip(run.Name, 80)
	r := run.Result
	if r == nil {
		c := testCase{Class: name + ".run", Name: "ran to its end"}
		c.Error = &testProblem{Message: "there is no result", Type: "run", Text: clip(run.Err.Error(), 2000)}
		return testSuite{Name: name, Cases: []testCase{c}}
	}
	s := testSuite{
		Name: name, Time: strconv.FormatFloat(r.DurationSeconds, 'f', 3, 64),
		Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05"),
		Properties: &testProperties{[]testProperty{
			{"verdict", words(string(r.Verdict.Status))}, {"scenario hash", clip(r.Scenario.Hash, 80)}, {"seed", fmt.Sprint(r.Seed)},
			{"target", clip(r.Target.Name, 200)}, {"msklt", clip(r.Versions.Msklt, 80)},
		}},
		Out: outline(r),
	}
	add := func(group string, c testCase) {
		c.Class = name + "." + group
		s.Cases = append(s.Cases, c)
	}
	add("run", endCase(r))
	for _, o := range outcomes(r) {
		add("thresholds", thresholdCase(o))
	}
	for _, c := range r.Validity.Checks {
		add("validity", checkCase(r, c))
	}
	for _, c := range r.Validity.Reasons { // which are all among the checks, of a run
		if !slices.ContainsFunc(r.Validity.Checks, func(x Reason) bool { return x.Check == c.Check }) {
			add("validity", checkCase(r, c))
		}
	}
	for _, b := range balances(r) {
		add("counts", balanceCase(r, b))
	}
	return s
}

// outline is what the terminal says, which is short enough to be read in a log.
func outline(r *Result) string {
	var b strings.Builder
	Summary(&b, r, false, 80)
	return b.String()
}

func endCase(r *Result) testCase {
	c := testCase{Name: "ran to its end"}
	switch {
	case r.Interrupted:
		c.Error = &testProblem{Message: "interrupted" + r.afterTraffic(), Type: "run"}
	case r.Aborted != nil: // by a threshold, which has a case of its own
		c.Skipped = &testProblem{Message: stoppedBy(r.Aborted)}
	}
	return c
}

func thresholdCase(o outcome) testCase {
	c := testCase{Name: o.Expression + of(o.Of)}
	switch {
	case o.Passed:
		c.Out = o.found()
	case o.Word == "failed":
		c.Failure = &testProblem{Message: o.found(), Type: "threshold"}
	default:
		c.Error = &testProblem{Message: o.Word + ": " + o.found(), Type: "threshold"}
	}
	return c
}

func checkCase(r *Result, check Reason) testCase {
	c := testCase{Name: clip(check.Check, 80)}
	message := clip(check.Message, 300)
	text := evidence(check)
	switch {
	case failed(r, check):
		c.Error = &testProblem{Message: text, Type: "validity"}
	case check.Unknown:
		c.Skipped = &testProblem{Message: message}
	default:
		c.Out = text
	}
	return c
}

// balanceCase tells whether counts add up. Where they do not and the run is valid all
// the same, its checks know why.
func balanceCase(r *Result, b balance) testCase {
	c := testCase{Name: b.Name}
	text := b.Equation
	if b.Note != "" {
		text += ", " + b.Note
	}
	switch {
	case b.Holds:
		c.Out = text
	case r.Validity.Valid:
		c.Skipped = &testProblem{Message: text}
	default:
		c.Error = &testProblem{Message: text, Type: "counts"}
	}
	return c
}
