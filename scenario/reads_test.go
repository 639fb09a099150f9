package scenario

import "testing"

// TestOnlyReads holds that a scenario may leave the writing to others, and that it
// is the same when it is resolved.
func TestOnlyReads(t *testing.T) {
	s, err := Parse("reads.yaml", []byte(`
version: 1
name: reads
topics:
  payments: {existing: true}
consumers:
  billing: {topics: [payments]}
phases:
  - {name: steady, duration: 40s}
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Producers) != 0 || len(s.Consumers) != 1 {
		t.Errorf("%d producers, %d consumers", len(s.Producers), len(s.Consumers))
	}
	checkRoundTrip(t, s)
}
