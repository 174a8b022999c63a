// go-attestation, asked by tests/attest/differ_tpm: a quote and an event log, or one of them, for each line of JSON.
// It answers `accepted` or `refused: why`.
package main

import (
	"bufio"
	"crypto"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/go-attestation/attest"
)

type question struct {
	AK        []byte         `json:"ak"`
	Attest    []byte         `json:"attest"`
	Signature []byte         `json:"signature"`
	Nonce     []byte         `json:"nonce"`
	Bank      string         `json:"bank"`
	PCRs      map[int][]byte `json:"pcrs"`
	Log       []byte         `json:"log"`
}

var banks = map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha384": crypto.SHA384}

func judge(q question) error {
	var pcrs []attest.PCR
	for index, digest := range q.PCRs {
		pcrs = append(pcrs, attest.PCR{Index: index, Digest: digest, DigestAlg: banks[q.Bank]})
	}
	if q.Attest != nil {
		ak, err := attest.ParseAKPublic(q.AK)
		if err != nil {
			return err
		}
		quote := attest.Quote{Quote: q.Attest, Signature: q.Signature}
		if err := ak.Verify(quote, pcrs, q.Nonce); err != nil {
			return err
		}
	}
	if q.Log != nil {
		log, err := attest.ParseEventLog(q.Log)
		if err != nil {
			return err
		}
		if _, err := log.Verify(pcrs); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, "attest_tpm:", err)
			os.Exit(2)
		}
		if err := judge(q); err != nil {
			fmt.Printf("refused: %.200q\n", err.Error())
		} else {
			fmt.Println("accepted")
		}
	}
}
