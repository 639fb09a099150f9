package limits

import (
	"fmt"

	"msklt/scenario"
)

// What a request or response has around its record batches, in bytes, as franz-go
// writes produce requests (version 13) and Apache Kafka fetch responses (version
// 18). The length in front of a frame is not counted.
const (
	// requestFraming is the header (key, version, correlation, length of the
	// client id, tags) and the request's own fields (transactional id, acks,
	// timeout, number of topics, tags).
	requestFraming = 2 + 2 + 4 + 2 + 1 + 1 + 2 + 4 + 1 + 1
	// topicFraming is a topic's id, the number of its partitions, and tags.
	topicFraming = 16 + 1 + 1
	// partitionFraming is a partition's number, the length of its batch, and tags.
	partitionFraming = 4 + 3 + 1
	// fetchFraming is a partition in a fetch response: number, error, three
	// offsets, aborted transactions, preferred replica, length, tags; and a part
	// of the response's own fields.
	fetchFraming = 4 + 2 + 3*8 + 1 + 4 + 3 + 1 + 20
	// runPrefix is how long the prefix is that a run puts before client ids.
	runPrefix = len("msklt-") + 12 + len("-")
)

// clientIDLength is the length of the client ids of a fleet.
func clientIDLength(f scenario.Producer) int {
	if f.Settings.ClientID != "" {
		return len(f.Settings.ClientID)
	}
	return runPrefix + len(f.Name) + 2
}

func memberName(group string, i int) string { return fmt.Sprintf("%s-%d", group, i) }
