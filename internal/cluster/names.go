package cluster

import (
	"crypto/rand"
	"strconv"
	"strings"
	"time"
)

// A run's prefix is "msklt-RUNID-". A RUNID has 7 digits to base 32 (0 to 9, a to v)
// for the second in which it was made, so that names sort by age and a leftover tells
// its own, and 5 more at random.
const (
	mark        = "msklt-"
	timeDigits  = 7
	idDigits    = 12
	prefixBytes = len(mark) + idDigits + len("-")
)

// NewPrefix makes the prefix of a run that begins now.
func NewPrefix(now time.Time) string {
	text := strconv.FormatInt(now.Unix(), 32)
	text = strings.Repeat("0", max(0, timeDigits-len(text))) + text
	var random [idDigits - timeDigits]byte
	_, _ = rand.Read(random[:]) // it never fails
	for _, b := range random {
		text += strconv.FormatInt(int64(b%32), 32)
	}
	return mark + text + "-"
}

// RunID is what stands between msklt- and - in the prefix of a run.
func RunID(prefix string) string {
	return strings.TrimSuffix(strings.TrimPrefix(prefix, mark), "-")
}

// PrefixOf returns the prefix of the run with an id, which may be written as the
// prefix itself; not ok when no run is called so.
func PrefixOf(id string, now time.Time) (prefix string, ok bool) {
	prefix = mark + RunID(id) + "-"
	_, _, ok = RunOf(prefix+"t", now)
	return prefix, ok
}

// Runs began no earlier than this; a name that says so is not a run's.
func firstRun() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// RunOf tells whether a name is of a run's topic or group, which run's, by its
// prefix, and when that began. A name that merely begins with msklt- is not.
func RunOf(name string, now time.Time) (prefix string, begun time.Time, ok bool) {
	if len(name) <= prefixBytes || !strings.HasPrefix(name, mark) || name[prefixBytes-1] != '-' {
		return "", time.Time{}, false
	}
	id := name[len(mark) : prefixBytes-1]
	if strings.Trim(id, "0123456789abcdefghijklmnopqrstuv") != "" {
		return "", time.Time{}, false
	}
	seconds, err := strconv.ParseInt(id[:timeDigits], 32, 64)
	if err != nil {
		return "", time.Time{}, false
	}
	begun = time.Unix(seconds, 0)
	// Another machine's clock may be ahead.
	if begun.Before(firstRun()) || begun.After(now.Add(24*time.Hour)) {
		return "", time.Time{}, false
	}
	return name[:prefixBytes], begun, true
}
