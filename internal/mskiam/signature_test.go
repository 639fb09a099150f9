package mskiam

import (
	"encoding/hex"
	"testing"
)

// TestSigningKey is the example in AWS's description of the algorithm.
func TestSigningKey(t *testing.T) {
	got := hex.EncodeToString(signingKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"))
	if want := "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
