// Command check verifies a published ledger, or one proof, with the Go checksum database's own code (sumdb/note, sumdb/tlog).
//
//	check verify DIR POLICY          exit 0 when everything holds, 1 when not
//	check flip DIR POLICY            changes every byte of every file in memory; prints "FLIPS accepted N"
//	check proof PROOF ENTRY POLICY   exit 0 when the entry is proved
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8
const width = 1 << height

// cosigner verifies cosignature/v1 lines: the key id's algorithm byte is 4, the signature begins with a time.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	if seconds >= 1<<63 {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a vkey")
	}
	packed, err := strict(parts[2])
	if err != nil || len(packed) != 1+ed25519.PublicKeySize || packed[0] != 4 {
		return nil, errors.New("not a cosignature key")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(packed)))
	hash := binary.BigEndian.Uint32(sum[:4])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("key id does not match")
	}
	return cosigner{parts[0], hash, packed[1:]}, nil
}

// strict decodes base64 in its one canonical spelling; the standard decoder takes others too.
func strict(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text {
		return nil, errors.New("base64 is not canonical")
	}
	return data, nil
}

type policy struct {
	logs      []note.Verifier
	witnesses map[string]note.Verifier
	groups    map[string]group
	order     []string
	quorum    string
}

type group struct {
	k       int
	members []string
}

func readPolicy(path string) (*policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &policy{witnesses: map[string]note.Verifier{}, groups: map[string]group{}}
	for _, line := range strings.Split(string(data), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch {
		case words[0] == "log" && len(words) >= 2:
			v, err := note.NewVerifier(words[1])
			if err != nil {
				return nil, err
			}
			p.logs = append(p.logs, v)
		case words[0] == "witness" && len(words) >= 3:
			v, err := newCosigner(words[2])
			if err != nil {
				return nil, err
			}
			p.witnesses[words[1]] = v
		case words[0] == "group" && len(words) >= 4:
			g := group{members: words[3:]}
			switch words[2] {
			case "any":
				g.k = 1
			case "all":
				g.k = len(g.members)
			default:
				if g.k, err = strconv.Atoi(words[2]); err != nil || g.k < 1 || g.k > len(g.members) {
					return nil, errors.New("bad group: " + line)
				}
			}
			p.groups[words[1]] = g
			p.order = append(p.order, words[1])
		case words[0] == "quorum" && len(words) == 2:
			p.quorum = words[1]
		default:
			return nil, errors.New("bad policy line: " + line)
		}
	}
	if p.quorum == "" {
		return nil, errors.New("no quorum")
	}
	return p, nil
}

func (p *policy) satisfied(signed map[string]bool) bool {
	if p.quorum == "none" {
		return true
	}
	seen := map[string]bool{}
	for name, v := range p.witnesses {
		seen[name] = signed[id(v.Name(), v.KeyHash())]
	}
	for _, name := range p.order {
		count := 0
		for _, member := range p.groups[name].members {
			if seen[member] {
				count++
			}
		}
		seen[name] = count >= p.groups[name].k
	}
	return seen[p.quorum]
}

func id(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }

// openCheckpoint checks the note, its origin and the quorum, and returns the tree it states.
func openCheckpoint(msg []byte, p *policy) (tlog.Tree, error) {
	var tree tlog.Tree
	known := append([]note.Verifier{}, p.logs...)
	for _, v := range p.witnesses {
		known = append(known, v)
	}
	n, err := note.Open(msg, note.VerifierList(known...))
	if err != nil {
		return tree, err
	}
	// note.Open drops repeated signatures unseen and reads sloppy base64: what it took must be all there was, spelled once.
	all := append(append([]note.Signature{}, n.Sigs...), n.UnverifiedSigs...)
	for _, sig := range all {
		if _, err := strict(sig.Base64); err != nil {
			return tree, err
		}
	}
	if block := msg[bytes.LastIndex(msg, []byte("\n\n"))+2:]; bytes.Count(block, []byte("\n")) != len(all) {
		return tree, errors.New("a signature is repeated")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 {
		return tree, errors.New("not a checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tree, errors.New("bad tree size")
	}
	root, err := strict(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, errors.New("bad root")
	}
	signed := map[string]bool{}
	for _, sig := range n.Sigs {
		signed[id(sig.Name, sig.Hash)] = true
	}
	ours := slices.ContainsFunc(p.logs, func(v note.Verifier) bool {
		return v.Name() == lines[0] && signed[id(v.Name(), v.KeyHash())]
	})
	if !ours {
		return tree, errors.New("no log of the policy signed this")
	}
	if !p.satisfied(signed) {
		return tree, errors.New("no quorum of witnesses")
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, nil
}

func readBundle(data []byte, count int) ([][]byte, error) {
	var entries [][]byte
	for len(data) >= 2 && len(data) >= 2+int(binary.BigEndian.Uint16(data)) {
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(data) != 0 || len(entries) != count {
		return nil, errors.New("the bundle does not hold what its width says")
	}
	return entries, nil
}

// verify rebuilds the tree from the entries and compares every file with it.
func verify(files map[string][]byte, p *policy) error {
	tree, err := openCheckpoint(files["checkpoint"], p)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, errors.New("no such hash")
			}
			out[i] = stored[index]
		}
		return out, nil
	})
	used := map[string]bool{"checkpoint": true}
	for first := int64(0); first < tree.N; first += width {
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(min(width, tree.N-first))}
		path := bundlePath(tile)
		data, ok := files[path]
		if !ok {
			return errors.New("missing " + path)
		}
		used[path] = true
		entries, err := readBundle(data, tile.W)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(i), entry, reader)
			if err != nil {
				return err
			}
			stored = append(stored, hashes...)
		}
	}
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the entries do not hash to the root")
	}
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		want, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		path := tilePath(tile)
		if !bytes.Equal(files[path], want) {
			return errors.New("wrong or missing " + path)
		}
		used[path] = true
	}
	for path := range files {
		if !used[path] && !older(path, files, used) {
			return errors.New("unexpected " + path)
		}
	}
	return nil
}

// older tells whether a file is a partial tile or bundle of an earlier checkpoint, which may stay: the beginning of the one
// that followed.
func older(path string, files map[string][]byte, used map[string]bool) bool {
	whole, _, partial := strings.Cut(path, ".p/")
	if !partial {
		return false
	}
	for later := range used {
		same := later == whole || strings.HasPrefix(later, whole+".p/")
		if same && len(files[later]) > len(files[path]) && bytes.HasPrefix(files[later], files[path]) {
			return true
		}
	}
	return false
}

// tilePath drops the tile height, which tlog-tiles fixes at 8 and leaves out.
func tilePath(tile tlog.Tile) string { return strings.Replace(tile.Path(), "tile/8/", "tile/", 1) }

func bundlePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
}

func readFiles(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative := strings.TrimPrefix(strings.TrimPrefix(path, dir), "/")
		files[relative], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// flip changes one byte at a time: in the checkpoint to every other value, elsewhere by each of two masks.
func flip(files map[string][]byte, p *policy) (flips, accepted int) {
	for path, data := range files {
		for at := range data {
			for mask := 1; mask < 256; mask++ {
				if path != "checkpoint" && mask != 1<<(at%8) && mask != 255 {
					continue
				}
				data[at] ^= byte(mask)
				flips++
				if verify(files, p) == nil {
					accepted++
					fmt.Fprintf(os.Stderr, "accepted: %s byte %d mask %#x\n", path, at, mask)
				}
				data[at] ^= byte(mask)
			}
		}
	}
	return flips, accepted
}

func checkProof(proof, entry []byte, p *policy) error {
	head, checkpoint, found := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("no index line")
	}
	number := strings.TrimPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strconv.FormatInt(index, 10) != number {
		return errors.New("bad index")
	}
	var path tlog.RecordProof
	for _, line := range lines[1:] {
		raw, err := strict(line)
		if err != nil || len(raw) != tlog.HashSize {
			return errors.New("bad hash line")
		}
		path = append(path, tlog.Hash(raw))
	}
	tree, err := openCheckpoint(checkpoint, p)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: check verify|flip DIR POLICY, or check proof PROOF ENTRY POLICY")
	}
	p, err := readPolicy(args[len(args)-1])
	if err != nil {
		return err
	}
	if args[0] == "proof" && len(args) == 4 {
		proof, missing := os.ReadFile(args[1])
		entry, err := os.ReadFile(args[2])
		return errors.Join(missing, err, checkProof(proof, entry, p))
	}
	files, err := readFiles(args[1])
	if err != nil {
		return err
	}
	if err := verify(files, p); err != nil {
		return err
	}
	if args[0] == "flip" {
		flips, accepted := flip(files, p)
		fmt.Printf("%d flips accepted %d\n", flips, accepted)
		if accepted > 0 {
			return errors.New("a changed byte was accepted")
		}
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}
