// go-tdx-guest, asked by tests/attest/differ.
//
//	attest-tdx judge ROOT UNIX < LINES    `accept` or `refuse WHY` for each quote, in hexadecimal
//
// The quote alone: form, signatures and the chain of the PCK certificate.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-tdx-guest/verify"
	"github.com/google/logger"
)

func stop(err error) {
	fmt.Fprintln(os.Stderr, "attest-tdx:", err)
	os.Exit(3)
}

func judge(quote []byte, roots *x509.CertPool, at time.Time) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	return verify.RawTdxQuote(quote, &verify.Options{Now: at, TrustedRoots: roots})
}

func main() {
	if len(os.Args) != 4 || os.Args[1] != "judge" {
		fmt.Fprintln(os.Stderr, "usage: attest-tdx judge ROOT UNIX")
		os.Exit(2)
	}
	logger.Init("attest-tdx", false, false, io.Discard)
	root, err := os.ReadFile(os.Args[2])
	if err != nil {
		stop(err)
	}
	seconds, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		stop(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		stop(errors.New("no root"))
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		quote, err := hex.DecodeString(lines.Text())
		if err != nil {
			stop(err)
		}
		if err := judge(quote, roots, time.Unix(seconds, 0)); err != nil {
			fmt.Fprintln(out, "refuse", strings.Join(strings.Fields(err.Error()), " "))
		} else {
			fmt.Fprintln(out, "accept")
		}
	}
}
