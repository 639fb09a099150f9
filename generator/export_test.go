package generator

import "time"

// SetSkew makes this machine's clock out to be ahead.
func (c *Config) SetSkew(d time.Duration) { c.skew = d }
