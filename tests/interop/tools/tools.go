// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names ghz, so that go.mod pins it; apart from ../go, so that its dependencies stay out of the clients'.
package tools

import (
	_ "github.com/bojand/ghz/cmd/ghz"
)
