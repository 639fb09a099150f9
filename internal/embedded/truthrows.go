package embedded

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"msklt/internal/limits"
)

// Truth is what really happened on the cluster, counted where the broker counts:
// per whole second of the wall clock and scope that had traffic, and at the end
// the state of every log. Bytes are those the limits count: record batches for a
// partition, whole produce requests and fetch responses for client, broker and
// cluster; what a limit refused is not in it.
type Truth struct{ cluster *Cluster }

// Row is one line of the truth. Which fields mean something depends on Scope:
//
//	partition  Second, Topic, Partition, Broker, RecordsIn, BytesIn, BytesOut
//	client     Second, Client, Broker, BytesIn, BytesOut, Requests
//	broker     Second, Broker, BytesIn, BytesOut, Requests, Connections (where clients
//	           log in, those that have), Attempts, Refused
//	cluster    Second, BytesIn, BytesOut, Requests, Connections, Attempts, Refused, Logins
//	throttle   Second, Limit, Topic and Partition of a partition's limit, Client,
//	           Broker, API, Count, TotalMillis, MaxMillis
//	refusal    Second, Client, Broker, API, Error of the answer ("closed" for none),
//	           Reason (a limit, or a word), Count; where the cluster passes for
//	           Amazon MSK Serverless
//	fault      Second, AtMillis, Fault, Broker (-1: all), API, Topic, Partition, Count of
//	           the answers (or connections) that it met so far, TotalMillis that it
//	           lasts or held answers back
//	log        Topic, Partition, Broker, LogStart, LogEnd, RecordsIn, BytesIn, BytesOut
//	dropped    Second, Count: so many rows of this second and before are gone
type Row struct {
	Second    int64  `json:"second"` // Unix seconds
	Scope     string `json:"scope"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Broker    int32  `json:"broker"`
	Client    string `json:"client"`

	RecordsIn   int64 `json:"records_in"` // appended; a repeated batch counts once
	BytesIn     int64 `json:"bytes_in"`
	BytesOut    int64 `json:"bytes_out"`
	Requests    int64 `json:"requests"`
	Connections int64 `json:"connections"` // most open at once
	Attempts    int64 `json:"connection_attempts"`
	Refused     int64 `json:"refused"`
	Logins      int64 `json:"logins"` // granted, first ones and later ones

	Error  string `json:"error"`
	Reason string `json:"reason"`

	Fault    string `json:"fault"`
	AtMillis int64  `json:"at_ms"` // Unix milliseconds

	Limit       limits.Name `json:"limit"` // the one that asked for the longest throttle
	API         string      `json:"api"`
	Count       int64       `json:"count"`
	TotalMillis int64       `json:"total_ms"`
	MaxMillis   int64       `json:"max_ms"`

	LogStart int64 `json:"log_start"`
	LogEnd   int64 `json:"log_end"`
}

// Rows returns the truth so far: by second, then the log block.
func (t *Truth) Rows() []Row {
	q := t.cluster.quotas
	q.mu.Lock()
	rows := q.truth.rows()
	q.mu.Unlock()
	return append(rows, t.cluster.logBlock()...)
}

// WriteTo writes the truth as JSON Lines.
func (t *Truth) WriteTo(w io.Writer) (int64, error) {
	counted := &countingWriter{w: w}
	buffered := bufio.NewWriter(counted)
	enc := json.NewEncoder(buffered)
	for _, row := range t.Rows() {
		if err := enc.Encode(row.fields()); err != nil {
			return counted.n, fmt.Errorf("write truth: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return counted.n, fmt.Errorf("write truth: %w", err)
	}
	return counted.n, nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// The lines of the file: each scope has the fields that mean something there.
type (
	partitionLine struct {
		Second    int64  `json:"second"`
		Scope     string `json:"scope"`
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
		Broker    int32  `json:"broker"`
		RecordsIn int64  `json:"records_in"`
		BytesIn   int64  `json:"bytes_in"`
		BytesOut  int64  `json:"bytes_out"`
	}
	clientLine struct {
		Second   int64  `json:"second"`
		Scope    string `json:"scope"`
		Client   string `json:"client"`
		Broker   int32  `json:"broker"`
		BytesIn  int64  `json:"bytes_in"`
		BytesOut int64  `json:"bytes_out"`
		Requests int64  `json:"requests"`
	}
	brokerLine struct {
		Second   int64  `json:"second"`
		Scope    string `json:"scope"`
		Broker   int32  `json:"broker"`
		BytesIn  int64  `json:"bytes_in"`
		BytesOut int64  `json:"bytes_out"`
		Requests int64  `json:"requests"`

		Connections int64 `json:"connections"`
		Attempts    int64 `json:"connection_attempts"`
		Refused     int64 `json:"refused"`
	}
	clusterLine struct {
		Second      int64  `json:"second"`
		Scope       string `json:"scope"`
		BytesIn     int64  `json:"bytes_in"`
		BytesOut    int64  `json:"bytes_out"`
		Requests    int64  `json:"requests"`
		Connections int64  `json:"connections"`
		Attempts    int64  `json:"connection_attempts"`
		Refused     int64  `json:"refused"`
		Logins      int64  `json:"logins,omitempty"`
	}
	throttleLine struct {
		Second      int64       `json:"second"`
		Scope       string      `json:"scope"`
		Limit       limits.Name `json:"limit"`
		Topic       string      `json:"topic,omitempty"`
		Partition   *int32      `json:"partition,omitempty"`
		Client      string      `json:"client"`
		Broker      int32       `json:"broker"`
		API         string      `json:"api"`
		Count       int64       `json:"count"`
		TotalMillis int64       `json:"total_ms"`
		MaxMillis   int64       `json:"max_ms"`
	}
	refusalLine struct {
		Second int64  `json:"second"`
		Scope  string `json:"scope"`
		Client string `json:"client"`
		Broker int32  `json:"broker"`
		API    string `json:"api"`
		Error  string `json:"error"`
		Reason string `json:"reason"`
		Count  int64  `json:"count"`
	}
	faultLine struct {
		Second      int64  `json:"second"`
		Scope       string `json:"scope"`
		AtMillis    int64  `json:"at_ms"`
		Fault       string `json:"fault"`
		Broker      int32  `json:"broker"`
		API         string `json:"api,omitempty"`
		Topic       string `json:"topic,omitempty"`
		Partition   *int32 `json:"partition,omitempty"`
		Count       int64  `json:"count"`
		TotalMillis int64  `json:"total_ms"`
	}
	logLine struct {
		Scope     string `json:"scope"`
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
		Broker    int32  `json:"broker"`
		LogStart  int64  `json:"log_start"`
		LogEnd    int64  `json:"log_end"`
		RecordsIn int64  `json:"records_in"`
		BytesIn   int64  `json:"bytes_in"`
		BytesOut  int64  `json:"bytes_out"`
	}
	droppedLine struct {
		Second int64  `json:"second"`
		Scope  string `json:"scope"`
		Count  int64  `json:"count"`
	}
)

// fields returns what is written of a row.
func (r Row) fields() any {
	switch r.Scope {
	case "partition":
		return partitionLine{r.Second, r.Scope, r.Topic, r.Partition, r.Broker, r.RecordsIn, r.BytesIn, r.BytesOut}
	case "client":
		return clientLine{r.Second, r.Scope, r.Client, r.Broker, r.BytesIn, r.BytesOut, r.Requests}
	case "broker":
		return brokerLine{r.Second, r.Scope, r.Broker, r.BytesIn, r.BytesOut, r.Requests, r.Connections, r.Attempts, r.Refused}
	case "cluster":
		return clusterLine{r.Second, r.Scope, r.BytesIn, r.BytesOut, r.Requests, r.Connections, r.Attempts, r.Refused, r.Logins}
	case "throttle":
		line := throttleLine{r.Second, r.Scope, r.Limit, r.Topic, nil, r.Client, r.Broker, r.API, r.Count, r.TotalMillis, r.MaxMillis}
		if r.Topic != "" {
			line.Partition = &r.Partition
		}
		return line
	case "refusal":
		return refusalLine{r.Second, r.Scope, r.Client, r.Broker, r.API, r.Error, r.Reason, r.Count}
	case "fault":
		line := faultLine{r.Second, r.Scope, r.AtMillis, r.Fault, r.Broker, r.API, r.Topic, nil, r.Count, r.TotalMillis}
		if r.Topic != "" {
			line.Partition = &r.Partition
		}
		return line
	case "log":
		return logLine{r.Scope, r.Topic, r.Partition, r.Broker, r.LogStart, r.LogEnd, r.RecordsIn, r.BytesIn, r.BytesOut}
	}
	return droppedLine{r.Second, r.Scope, r.Count}
}
