// Cosigncheck makes and verifies cosignatures (C2SP tlog-cosignature, Ed25519) with Go's notes and Ed25519.
//
//	cosigncheck sign NOTE NAME SEED UNIX_SECONDS
//	cosigncheck check NOTE LOG_VKEY WITNESS_VKEY...
//
// Sign adds a witness's cosignature to the checkpoint in the file NOTE and prints the witness's verifier key; its
// private key is the byte SEED, 32 times. Check prints name and time of each line, all of which must be of the keys
// given and hold. Exit status 0 when everything holds, 1 when not, 2 for wrong usage.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const cosignatureType = 4

// A witness is its public key under a name; with a private key it signs as of a time.
type witness struct {
	name    string
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	time    uint64
}

func (w witness) Name() string { return w.name }

func (w witness) KeyHash() uint32 {
	digest := sha256.New()
	digest.Write([]byte(w.name + "\n"))
	digest.Write([]byte{cosignatureType})
	digest.Write(w.public)
	return binary.BigEndian.Uint32(digest.Sum(nil))
}

func message(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (w witness) Sign(text []byte) ([]byte, error) {
	signature := make([]byte, 8)
	binary.BigEndian.PutUint64(signature, w.time)
	return append(signature, ed25519.Sign(w.private, message(w.time, text))...), nil
}

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	return time <= math.MaxInt64 && ed25519.Verify(w.public, message(time, text), signature[8:])
}

func (w witness) vkey() string {
	key := append([]byte{cosignatureType}, w.public...)
	return fmt.Sprintf("%s+%08x+%s", w.name, w.KeyHash(), base64.StdEncoding.EncodeToString(key))
}

func parseWitness(vkey string) (witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return witness{}, fmt.Errorf("%q has not three parts", vkey)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureType {
		return witness{}, fmt.Errorf("%q is no cosigner's key", vkey)
	}
	w := witness{name: parts[0], public: key[1:]}
	if w.vkey() != vkey {
		return witness{}, fmt.Errorf("%q should be %q", vkey, w.vkey())
	}
	return w, nil
}

func sign(path, name, seed, seconds string) error {
	number, err := strconv.ParseUint(seed, 10, 8)
	if err != nil {
		return err
	}
	time, err := strconv.ParseUint(seconds, 10, 63)
	if err != nil {
		return err
	}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(number)}, ed25519.SeedSize))
	w := witness{name: name, public: private.Public().(ed25519.PublicKey), private: private, time: time}
	signed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := bytes.LastIndex(signed, []byte("\n\n"))
	if end < 0 {
		return errors.New("no signatures in the note")
	}
	// Go's library writes the line; it puts a note of its own around it.
	alone, err := note.Sign(&note.Note{Text: string(signed[:end+1])}, w)
	if err != nil {
		return err
	}
	line := alone[bytes.LastIndex(alone, []byte("\n\n"))+2:]
	if err := os.WriteFile(path, append(signed, line...), 0o644); err != nil {
		return err
	}
	fmt.Println(w.vkey())
	return nil
}

func check(path, logKey string, witnessKeys []string) error {
	signed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	verifiers := []note.Verifier{log}
	for _, vkey := range witnessKeys {
		w, err := parseWitness(vkey)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, w)
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	if len(opened.UnverifiedSigs) != 0 || len(opened.Sigs) != len(verifiers) {
		return fmt.Errorf("%d lines verified and %d of unknown keys, for %d keys", len(opened.Sigs),
			len(opened.UnverifiedSigs), len(verifiers))
	}
	for _, signature := range opened.Sigs {
		if signature.Name == log.Name() && signature.Hash == log.KeyHash() {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(signature.Base64)
		if err != nil {
			return err
		}
		fmt.Println(signature.Name, binary.BigEndian.Uint64(raw[4:]))
	}
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) == 6 && os.Args[1] == "sign":
		err = sign(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case len(os.Args) >= 4 && os.Args[1] == "check":
		err = check(os.Args[2], os.Args[3], os.Args[4:])
	default:
		fmt.Fprintln(os.Stderr, "usage: cosigncheck sign NOTE NAME SEED UNIX_SECONDS | check NOTE LOG_VKEY WITNESS_VKEY...")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cosigncheck:", err)
		os.Exit(1)
	}
}
