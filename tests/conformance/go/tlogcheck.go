// Tlogcheck verifies a log's read paths with the Go implementation of transparency logs (golang.org/x/mod/sumdb).
//
//	tlogcheck URL-OR-FOLDER VKEY [-header "Name: value"] [-cacert FILE] [-checkpoint FILE] [-proofs FILE] [-n COUNT] [-seed SEED]
//
// It opens the checkpoint, hashes every entry, compares every tile, and then proves random entries and random earlier
// tree sizes from the published tiles alone. Proofs that the log's own program made are checked against the entries.
// Exit status 0 when everything holds, 1 when not, 2 for wrong usage.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight   = 8
	tileWidth    = 1 << tileHeight
	maxFileBytes = tileWidth*(2+65535) + 1
)

var errNotFound = errors.New("not found")

// A source fetches a log's files by their path below its prefix.
type source interface {
	fetch(path string) ([]byte, error)
}

type folder string

func (f folder) fetch(path string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNotFound
	}
	return data, err
}

type server struct {
	prefix string
	header http.Header
	client *http.Client
}

func (s *server) fetch(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", s.prefix+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header = s.header.Clone()
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, errNotFound
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
	want := "application/octet-stream"
	if path == "checkpoint" {
		want = "text/plain; charset=utf-8"
	}
	if got := response.Header.Get("Content-Type"); !strings.EqualFold(got, want) {
		return nil, fmt.Errorf("%s: content type %q instead of %q", path, got, want)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxFileBytes))
}

// tilePath spells a tile as C2SP tlog-tiles does: as Go's library, without the height.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

func bundlePath(index int64, width int) string {
	tile := tlog.Tile{H: tileHeight, L: 0, N: index, W: width}
	return "tile/entries/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight))
}

// fetchWide fetches the file of this width, or, where it is gone, the full one, and returns the width fetched.
func fetchWide(s source, width int, path func(width int) string) ([]byte, int, error) {
	data, err := s.fetch(path(width))
	if err == errNotFound && width < tileWidth {
		if data, err = s.fetch(path(tileWidth)); err == nil {
			return data, tileWidth, nil
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path(width), err)
	}
	return data, width, nil
}

// tileReader is Go's interface to a tile server.
type tileReader struct{ source source }

func (r tileReader) Height() int { return tileHeight }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, width, err := fetchWide(r.source, tile.W, func(w int) string {
			tile := tile
			tile.W = w
			return tilePath(tile)
		})
		if err != nil {
			return nil, err
		}
		if len(data) != width*tlog.HashSize {
			return nil, fmt.Errorf("%s: %d bytes", tilePath(tile), len(data))
		}
		all = append(all, data[:tile.W*tlog.HashSize])
	}
	return all, nil
}

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// stored is every hash of the tree, computed here from the entries.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		hashes[i] = s[index]
	}
	return hashes, nil
}

// treeHash is tlog.TreeHash, with RFC 6962's hash of the empty tree.
func treeHash(size int64, hashes tlog.HashReader) (tlog.Hash, error) {
	if size == 0 {
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(size, hashes)
}

func parseCheckpoint(text string) (origin string, tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return "", tree, errors.New("checkpoint: fewer than three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", tree, fmt.Errorf("checkpoint: size %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tree, fmt.Errorf("checkpoint: root %q", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return lines[0], tree, nil
}

func splitBundle(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("ends inside a length")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		bundle = bundle[2:]
		if len(bundle) < size {
			return nil, errors.New("ends inside an entry")
		}
		entries = append(entries, bundle[:size])
		bundle = bundle[size:]
	}
	return entries, nil
}

// A proofFile holds proofs that the log's program made: of record `index` in the tree of that size, or that the tree of
// size index+1 is the beginning of it.
type proofFile struct {
	Inclusion, Consistency []struct {
		Size, Index int64
		Root        tlog.Hash
		OldRoot     tlog.Hash `json:"old_root"`
		Proof       []tlog.Hash
	}
}

func checkProofs(path string, entries [][]byte, hashes stored) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var proofs proofFile
	if err := json.Unmarshal(data, &proofs); err != nil {
		return 0, err
	}
	if len(proofs.Inclusion) == 0 || len(proofs.Consistency) == 0 {
		return 0, fmt.Errorf("%s: no proofs", path)
	}
	for _, p := range append(proofs.Inclusion, proofs.Consistency...) {
		if p.Index < 0 || p.Index >= p.Size || p.Size > int64(len(entries)) {
			return 0, fmt.Errorf("%s: record %d of %d", path, p.Index, p.Size)
		}
		if root, err := tlog.TreeHash(p.Size, hashes); err != nil || root != p.Root {
			return 0, fmt.Errorf("%s: the tree of size %d has another root", path, p.Size)
		}
	}
	for _, p := range proofs.Inclusion {
		record := tlog.RecordHash(entries[p.Index])
		if err := tlog.CheckRecord(p.Proof, p.Size, p.Root, p.Index, record); err != nil {
			return 0, fmt.Errorf("%s: record %d of %d: %w", path, p.Index, p.Size, err)
		}
	}
	for _, p := range proofs.Consistency {
		if root, err := tlog.TreeHash(p.Index+1, hashes); err != nil || root != p.OldRoot {
			return 0, fmt.Errorf("%s: the tree of size %d has another root", path, p.Index+1)
		}
		if err := tlog.CheckTree(p.Proof, p.Size, p.Root, p.Index+1, p.OldRoot); err != nil {
			return 0, fmt.Errorf("%s: tree %d of %d: %w", path, p.Index+1, p.Size, err)
		}
	}
	return len(proofs.Inclusion) + len(proofs.Consistency), nil
}

func check(s source, vkey, checkpointFile, proofs string, count int, random *rand.Rand) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	var signed []byte
	if checkpointFile != "" {
		signed, err = os.ReadFile(checkpointFile)
	} else {
		signed, err = s.fetch("checkpoint")
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	origin, tree, err := parseCheckpoint(opened.Text)
	if err != nil {
		return err
	}

	// Every entry, and from them every hash.
	var entries [][]byte
	var hashes stored
	bundles := 0
	for int64(len(entries)) < tree.N {
		index := int64(len(entries)) / tileWidth
		width := tileWidth
		if rest := tree.N - index*tileWidth; rest < tileWidth {
			width = int(rest)
		}
		data, fetched, err := fetchWide(s, width, func(w int) string { return bundlePath(index, w) })
		if err != nil {
			return err
		}
		bundle, err := splitBundle(data)
		if err != nil {
			return fmt.Errorf("%s: %w", bundlePath(index, fetched), err)
		}
		if len(bundle) != fetched {
			return fmt.Errorf("%s: %d entries", bundlePath(index, fetched), len(bundle))
		}
		for _, entry := range bundle[:width] {
			more, err := tlog.StoredHashes(int64(len(entries)), entry, hashes)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
			hashes = append(hashes, more...)
		}
		bundles++
	}
	root, err := treeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries have root %v, the checkpoint %v", root, tree.Hash)
	}

	made := 0
	if proofs != "" {
		if made, err = checkProofs(proofs, entries, hashes); err != nil {
			return err
		}
	}

	// Every tile. The library lists a partial tile in each width up to its last, which alone this size needs.
	reader := tileReader{s}
	var tiles []tlog.Tile
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		if last := len(tiles) - 1; last >= 0 && tiles[last].L == tile.L && tiles[last].N == tile.N {
			tiles[last] = tile
		} else {
			tiles = append(tiles, tile)
		}
	}
	for _, tile := range tiles {
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		got, err := reader.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		if !bytes.Equal(want, got[0]) {
			return fmt.Errorf("%s: not the hashes of the entries", tilePath(tile))
		}
	}
	if tree.N == 0 {
		fmt.Printf("%s: size 0 holds\n", origin)
		return nil
	}

	// Proofs from the published tiles, which the library checks against the root.
	published := tlog.TileHashReader(tree, reader)
	for i := 0; i < count; i++ {
		index := random.Int63n(tree.N)
		proof, err := tlog.ProveRecord(tree.N, index, published)
		if err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entries[index])); err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		size := 1 + random.Int63n(tree.N)
		earlier, err := tlog.TreeHash(size, published)
		if err != nil {
			return fmt.Errorf("tree %d: %w", size, err)
		}
		if own, err := tlog.TreeHash(size, hashes); err != nil || own != earlier {
			return fmt.Errorf("tree %d: the tiles have another root than the entries", size)
		}
		growth, err := tlog.ProveTree(tree.N, size, published)
		if err != nil {
			return fmt.Errorf("tree %d: %w", size, err)
		}
		if err := tlog.CheckTree(growth, tree.N, tree.Hash, size, earlier); err != nil {
			return fmt.Errorf("tree %d: %w", size, err)
		}
	}
	fmt.Printf("%s: size %d holds: %d entry bundles, %d tiles, %d record proofs, %d tree proofs; %d proofs made by the log hold\n",
		origin, tree.N, bundles, len(tiles), count, count, made)
	return nil
}

type headers http.Header

func (h headers) String() string { return "" }
func (h headers) Set(line string) error {
	name, value, found := strings.Cut(line, ":")
	if !found {
		return errors.New("a header has a colon")
	}
	http.Header(h).Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

func main() {
	flags := flag.NewFlagSet("tlogcheck", flag.ExitOnError)
	header := headers{}
	flags.Var(header, "header", "request `header`, as \"Name: value\"; may be repeated")
	caFile := flags.String("cacert", "", "PEM `file` of the certificate authority to trust")
	checkpointFile := flags.String("checkpoint", "", "`file` with the checkpoint, instead of the log's own")
	proofs := flags.String("proofs", "", "JSON `file` of proofs that the log's program made")
	count := flags.Int("n", 50, "`count` of random entries and of random tree sizes to prove")
	seed := flags.Int64("seed", time.Now().UnixNano(), "`seed` of the choice")

	var arguments []string // flags may stand anywhere
	for rest := os.Args[1:]; ; {
		flags.Parse(rest)
		if flags.NArg() == 0 {
			break
		}
		arguments = append(arguments, flags.Arg(0))
		rest = flags.Args()[1:]
	}
	if len(arguments) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck URL-OR-FOLDER VKEY [flags]")
		os.Exit(2)
	}

	var from source = folder(arguments[0])
	if strings.HasPrefix(arguments[0], "http://") || strings.HasPrefix(arguments[0], "https://") {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = nil
		if *caFile != "" {
			pem, err := os.ReadFile(*caFile)
			pool := x509.NewCertPool()
			if err != nil || !pool.AppendCertsFromPEM(pem) {
				fmt.Fprintln(os.Stderr, "tlogcheck: no certificates in", *caFile)
				os.Exit(2)
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: pool}
		}
		from = &server{
			prefix: strings.TrimSuffix(arguments[0], "/"),
			header: http.Header(header),
			client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		}
	}
	if err := check(from, arguments[1], *checkpointFile, *proofs, *count, rand.New(rand.NewSource(*seed))); err != nil {
		fmt.Fprintf(os.Stderr, "tlogcheck: %v (seed %d)\n", err, *seed)
		os.Exit(1)
	}
}
