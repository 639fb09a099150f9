package report

// Event is something that happened at a time of the run.
type Event struct {
	At     float64 `json:"at_seconds"`              // since the start of traffic
	Until  float64 `json:"until_seconds,omitempty"` // 0 where it has no end that is known
	Kind   string  `json:"kind"`                    // "disconnected", "reconnected", "leader_moved", "login_again", "stalled", …
	Broker *int32  `json:"broker,omitempty"`
	Text   string  `json:"text"`
}

// Logins counts connections that logged in again because what the broker granted was
// about to expire (KIP-368), over the whole run.
type Logins struct {
	Again   int64   `json:"again"`
	Longest float64 `json:"longest_ms"` // of one of them, during which its connection carried nothing else
}

type ErrorCount struct {
	Where   string  `json:"where"` // "produce", "fetch", "connect", …
	Error   string  `json:"error"`
	Count   int64   `json:"count"`
	FirstAt float64 `json:"first_at_seconds"`
}
