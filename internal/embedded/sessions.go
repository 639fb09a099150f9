package embedded

import (
	"math"
	"sync"
	"time"
)

// maxSessions is Apache Kafka's and kfake's default number of fetch sessions per
// broker.
const maxSessions = 1000

// fetchSessions remembers, per broker, the sizes that consumers asked for: a
// request within a session (KIP-227) names only what changed.
type fetchSessions struct {
	mu   sync.Mutex
	byID map[int32]*fetchSession
}

// fetchSession holds the partition sizes of one session, or of one request outside
// any.
type fetchSession struct {
	used time.Time // under the sessions' lock

	mu    sync.Mutex // a client may come back on another connection
	sizes map[sessionKey]int32
}

type sessionKey struct {
	topic     *topic
	partition int32
}

// open returns the session that a request continues, or an empty one.
func (s *fetchSessions) open(id, epoch int32) *fetchSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byID[id]; found != nil && epoch > 0 {
		found.used = time.Now()
		return found
	}
	if epoch < 0 {
		delete(s.byID, id)
	}
	return &fetchSession{sizes: make(map[sessionKey]int32)}
}

// keep adds a session that kfake opened.
func (s *fetchSessions) keep(id int32, session *fetchSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.used = time.Now()
	if s.byID == nil {
		s.byID = make(map[int32]*fetchSession)
	}
	s.byID[id] = session
	if len(s.byID) <= maxSessions {
		return
	}
	oldest := id
	for other, candidate := range s.byID {
		if candidate.used.Before(s.byID[oldest].used) {
			oldest = other
		}
	}
	delete(s.byID, oldest)
}

func (s *fetchSession) set(t *topic, partition, maxBytes int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes[sessionKey{t, partition}] = maxBytes
}

func (s *fetchSession) forget(t *topic, partition int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sizes, sessionKey{t, partition})
}

func (s *fetchSession) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sizes)
}

// maxBytes returns the size asked for; a partition that is not known is unlimited.
func (s *fetchSession) maxBytes(t *topic, partition int32) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, found := s.sizes[sessionKey{t, partition}]; found {
		return int(n)
	}
	return math.MaxInt
}
