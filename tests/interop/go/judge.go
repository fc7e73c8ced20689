// Judges checkpoints, cosignatures and proofs with the Go project's own packages: sumdb/note and sumdb/tlog. Standard library otherwise.
//
//	go run judge.go INPUT.json
//
// The input is described in tests/interop/README.md. The cosignature lines are composed here from the specification (C2SP
// tlog-cosignature), because sumdb/note knows the Ed25519 type only; it carries them as a verifier and a signer of its own.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type line struct {
	Name        string `json:"name"`
	Public      []byte `json:"public"`
	Seed        []byte `json:"seed"`
	Cosignature bool   `json:"cosignature"`
	Time        uint64 `json:"time"`
}

type signedNote struct {
	Note  string `json:"note"`
	Lines []line `json:"lines"`
	Size  int64  `json:"size"`
	Root  []byte `json:"root"`
}

type inclusion struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Proof [][]byte `json:"proof"`
}

type consistency struct {
	Old   int64    `json:"old"`
	Size  int64    `json:"size"`
	Proof [][]byte `json:"proof"`
}

// exhibited is a row of an evidence file: the head it lies under, if its author signed one, or else the root that the charter states; how
// far the charter lets the author's terms count; and what witnesses cosigned. Of the keys only the public halves are known.
type exhibited struct {
	Head     *signedNote         `json:"head"`
	Root     []byte              `json:"root"`
	Extents  []history           `json:"extents"`
	Cosigned map[string]cosigned `json:"cosigned"`
	Row      inclusion           `json:"row"`
	Header   []byte              `json:"header"`
}

// history is a size and a root, and how they and another size and root are one history.
type history struct {
	Size  int64    `json:"size"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
}

type cosigned struct {
	signedNote
	Proof [][]byte `json:"proof"`
}

type input struct {
	Notes     map[string]signedNote `json:"notes"`
	Records   [][]byte              `json:"records"`
	Inclusion []inclusion           `json:"inclusion"`
	Trees     []consistency         `json:"trees"`
	Exhibits  []exhibited           `json:"exhibits"`
}

const (
	algEd25519     = 0x01
	algCosignature = 0x04
)

var checks int

func must(holds bool, what string, about ...interface{}) {
	checks++
	if !holds {
		fmt.Printf("FAILED: "+what+"\n", about...)
		os.Exit(1)
	}
}

// keyID as C2SP signed-note has it: SHA-256(name || 0x0A || type || public key), its first four bytes.
func keyID(name string, alg byte, public []byte) uint32 {
	sum := sha256.Sum256(append(append([]byte(name), '\n', alg), public...))
	return binary.BigEndian.Uint32(sum[:4])
}

func message(time uint64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(time, 10)+"\n"), text...)
}

// cosigner is a note.Verifier and a note.Signer of type cosignature/v1.
type cosigner struct{ line }

func (c cosigner) Name() string    { return c.line.Name }
func (c cosigner) KeyHash() uint32 { return keyID(c.line.Name, algCosignature, c.Public) }

func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(sig[:8])
	return time == c.Time && ed25519.Verify(ed25519.PublicKey(c.Public), message(time, text), sig[8:])
}

func (c cosigner) Sign(text []byte) ([]byte, error) {
	sig := make([]byte, 8)
	binary.BigEndian.PutUint64(sig, c.Time)
	return append(sig, ed25519.Sign(ed25519.NewKeyFromSeed(c.Seed), message(c.Time, text))...), nil
}

// encodedKey in the form of sumdb/note: name, key id and base64 of type and key, with + between them.
func encodedKey(name string, public, key []byte) string {
	id := keyID(name, algEd25519, public)
	return fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, key...)))
}

func verifiers(n signedNote) note.Verifiers {
	var all []note.Verifier
	for _, l := range n.Lines {
		if l.Cosignature {
			all = append(all, cosigner{l})
			continue
		}
		v, err := note.NewVerifier(encodedKey(l.Name, l.Public, l.Public))
		must(err == nil, "the verifier key of %s: %v", l.Name, err)
		all = append(all, v)
	}
	return note.VerifierList(all...)
}

// accepted: sumdb/note opens it, and every line is of a known key and verifies.
func accepted(text []byte, n signedNote, known note.Verifiers) bool {
	opened, err := note.Open(text, known)
	return err == nil && len(opened.Sigs) == len(n.Lines) && len(opened.UnverifiedSigs) == 0
}

func judgeNote(name string, n signedNote) {
	known, text := verifiers(n), []byte(n.Note)
	opened, err := note.Open(text, known)
	must(err == nil, "note %s: %v", name, err)
	must(accepted(text, n, known), "note %s: not every line verifies", name)
	lines := strings.Split(opened.Text, "\n")
	must(len(lines) == 4 && lines[3] == "", "note %s: not three lines", name)
	must(lines[0] == n.Lines[0].Name, "note %s: the origin is not the author's key name", name)
	must(lines[1] == strconv.FormatInt(n.Size, 10), "note %s: the size", name)
	must(lines[2] == base64.StdEncoding.EncodeToString(n.Root), "note %s: the root", name)

	// The same note, composed and signed here, is the same to the byte: Ed25519 leaves nothing to choose.
	var signers []note.Signer
	for _, l := range n.Lines {
		if l.Cosignature {
			signers = append(signers, cosigner{l})
			continue
		}
		s, err := note.NewSigner("PRIVATE+KEY+" + encodedKey(l.Name, l.Public, l.Seed))
		must(err == nil, "the signer of %s: %v", l.Name, err)
		signers = append(signers, s)
	}
	again, err := note.Sign(&note.Note{Text: opened.Text}, signers...)
	must(err == nil && bytes.Equal(again, text), "note %s: signed here it is another:\n%s\n%s", name, again, text)

	// One bit changed anywhere is refused. The unused bits of a base64 text's last character are the one exception that this decoder makes.
	for at := range text {
		for bit := 0; bit < 8; bit++ {
			altered := append([]byte(nil), text...)
			altered[at] ^= 1 << bit
			padded := at+1 < len(text) && text[at+1] == '=' && opened.Text != string(text[:at])
			same := padded && sameSignatures(altered, text)
			must(same || !accepted(altered, n, known), "note %s: bit %d of byte %d does not matter", name, bit, at)
		}
	}
	for _, l := range n.Lines {
		other := l
		other.Time++
		if l.Cosignature {
			must(!cosigner{other}.Verify([]byte(opened.Text), decode(n.Note, l.Name)), "note %s: another time", name)
		}
	}
}

// decode is the signature of the line of this key, without the key id.
func decode(text, name string) []byte {
	for _, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, "— "+name+" ") {
			raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(l, "— "+name+" "))
			must(err == nil && len(raw) > 4, "a signature line of %s", name)
			return raw[4:]
		}
	}
	return nil
}

// sameSignatures says whether two notes differ only in how the same signatures are written.
func sameSignatures(a, b []byte) bool {
	as, bs := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i] == bs[i] {
			continue
		}
		af, bf := strings.Split(as[i], " "), strings.Split(bs[i], " ")
		if len(af) != 3 || len(bf) != 3 || af[1] != bf[1] {
			return false
		}
		ar, aerr := base64.StdEncoding.DecodeString(af[2])
		br, berr := base64.StdEncoding.DecodeString(bf[2])
		if aerr != nil || berr != nil || !bytes.Equal(ar, br) {
			return false
		}
	}
	return true
}

func hashes(raw [][]byte) []tlog.Hash {
	var out []tlog.Hash
	for _, h := range raw {
		must(len(h) == tlog.HashSize, "a hash of %d bytes", len(h))
		var hash tlog.Hash
		copy(hash[:], h)
		out = append(out, hash)
	}
	return out
}

func hash(raw []byte) tlog.Hash { return hashes([][]byte{raw})[0] }

// altered lists copies of a proof with one bit changed, one hash left out, one more, and two swapped.
func altered(proof []tlog.Hash) [][]tlog.Hash {
	var out [][]tlog.Hash
	for i := range proof {
		changed := append([]tlog.Hash(nil), proof...)
		changed[i][(i*7)%tlog.HashSize] ^= 1
		short := append(append([]tlog.Hash(nil), proof[:i]...), proof[i+1:]...)
		out = append(out, changed, short)
		if i > 0 {
			swapped := append([]tlog.Hash(nil), proof...)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			out = append(out, swapped)
		}
	}
	return append(out, append(append([]tlog.Hash(nil), proof...), tlog.Hash{}))
}

// judgeHistory says whether two sizes and roots are of one history, whichever is longer, and refuses every altered proof of it.
func judgeHistory(what string, one, other history, raw [][]byte) {
	if one.Size > other.Size {
		one, other = other, one
	}
	proof := hashes(raw)
	check := func(proof []tlog.Hash, old, new tlog.Hash) bool {
		return tlog.CheckTree(proof, other.Size, new, one.Size, old) == nil
	}
	old, new := hash(one.Root), hash(other.Root)
	must(check(proof, old, new), "%s of an exhibit: not one history", what)
	for i, bad := range altered(proof) {
		must(!check(bad, old, new), "%s of an exhibit: altered proof %d", what, i)
	}
	for i := range old {
		badOld, badNew := old, new
		badOld[i] ^= 1
		badNew[i] ^= 1
		must(!check(proof, badOld, new) && !check(proof, old, badNew), "%s of an exhibit: another root", what)
	}
}

// judgeHead opens a head with the keys alone: its size and root are what it is said to be.
func judgeHead(what string, n signedNote, size int64, root []byte) {
	known := verifiers(n)
	must(accepted([]byte(n.Note), n, known), "%s of an exhibit: not every line verifies", what)
	opened, _ := note.Open([]byte(n.Note), known)
	lines := strings.Split(opened.Text, "\n")
	must(lines[1] == strconv.FormatInt(size, 10), "%s of an exhibit: the size", what)
	must(lines[2] == base64.StdEncoding.EncodeToString(root), "%s of an exhibit: the root", what)
}

// judgeExhibit finds the row under the root of its author's head, or under the one that the charter states of the newest term that is over
// or halted. Everything else is of the same history.
func judgeExhibit(e exhibited) {
	stands := history{Size: e.Row.Size, Root: e.Root}
	if e.Head != nil {
		judgeHead("the head", *e.Head, stands.Size, stands.Root)
	} else {
		must(len(e.Extents) > 0, "an exhibit without a head, and the charter states nothing")
		newest := e.Extents[len(e.Extents)-1]
		must(newest.Size == stands.Size && bytes.Equal(newest.Root, stands.Root), "an exhibit without a head is not under the newest extent")
		must(len(newest.Proof) == 0, "an extent proves itself")
	}
	for i, extent := range e.Extents {
		judgeHistory(fmt.Sprintf("extent %d", i), extent, stands, extent.Proof)
	}
	for name, n := range e.Cosigned {
		judgeHead("the head cosigned by "+name, n.signedNote, n.Size, n.Root)
		judgeHistory("what "+name+" cosigned", history{Size: n.Size, Root: n.Root}, stands, n.Proof)
	}
	proof := hashes(e.Row.Proof)
	check := func(proof []tlog.Hash, record []byte) bool {
		return tlog.CheckRecord(proof, e.Row.Size, hash(e.Root), e.Row.Index, tlog.RecordHash(record)) == nil
	}
	must(check(proof, e.Header), "row %d of an exhibit", e.Row.Index)
	for i, bad := range altered(proof) {
		must(!check(bad, e.Header), "row %d of an exhibit: altered proof %d", e.Row.Index, i)
	}
	for i := range e.Header {
		bad := append([]byte(nil), e.Header...)
		bad[i] ^= 1
		must(!check(proof, bad), "row %d of an exhibit: byte %d", e.Row.Index, i)
	}
	for _, beyond := range []int64{e.Row.Size, e.Row.Size + 1} {
		record := tlog.RecordHash(e.Header)
		must(tlog.CheckRecord(proof, e.Row.Size, hash(e.Root), beyond, record) != nil, "row %d of an exhibit, of %d", beyond, e.Row.Size)
	}
	for i := range e.Root {
		bad := append([]byte(nil), e.Root...)
		bad[i] ^= 1
		record := tlog.RecordHash(e.Header)
		must(tlog.CheckRecord(proof, e.Row.Size, hash(bad), e.Row.Index, record) != nil, "row %d of an exhibit: another root", e.Row.Index)
	}
}

func main() {
	must(len(os.Args) == 2, "usage: judge INPUT.json")
	raw, err := os.ReadFile(os.Args[1])
	must(err == nil, "%v", err)
	var in input
	must(json.Unmarshal(raw, &in) == nil, "the input is not of its form")
	must(len(in.Notes) > 0 && len(in.Records) > 1 && len(in.Inclusion) > 0 && len(in.Trees) > 0, "something of the input is empty")

	// The tree, built here from the rows' headers alone.
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n, record := range in.Records {
		some, err := tlog.StoredHashes(int64(n), record, reader)
		must(err == nil, "%v", err)
		stored = append(stored, some...)
	}
	root := func(size int64) tlog.Hash {
		h, err := tlog.TreeHash(size, reader)
		must(err == nil, "%v", err)
		return h
	}
	for name, n := range in.Notes {
		must(hash(n.Root) == root(n.Size), "note %s: the root of %d rows is another", name, n.Size)
		judgeNote(name, n)
	}
	for _, p := range in.Inclusion {
		proof, record := hashes(p.Proof), in.Records[p.Index]
		check := func(proof []tlog.Hash, size int64, root tlog.Hash, index int64, record []byte) bool {
			return tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(record)) == nil
		}
		must(check(proof, p.Size, root(p.Size), p.Index, record), "row %d of %d", p.Index, p.Size)
		ours, err := tlog.ProveRecord(p.Size, p.Index, reader)
		must(err == nil && fmt.Sprint([]tlog.Hash(ours)) == fmt.Sprint(proof), "row %d of %d: made here the proof is another", p.Index, p.Size)
		for i, bad := range altered(proof) {
			must(!check(bad, p.Size, root(p.Size), p.Index, record), "row %d of %d: altered proof %d", p.Index, p.Size, i)
		}
		for i := range record {
			bad := append([]byte(nil), record...)
			bad[i] ^= 1
			must(!check(proof, p.Size, root(p.Size), p.Index, bad), "row %d of %d: byte %d", p.Index, p.Size, i)
		}
		must(!check(proof, p.Size, root(p.Size), (p.Index+1)%p.Size, record), "row %d of %d at another place", p.Index, p.Size)
		must(!check(proof, p.Size, root(p.Size-1), p.Index, record), "row %d of %d under another root", p.Index, p.Size)
	}
	for _, p := range in.Trees {
		proof := hashes(p.Proof)
		check := func(proof []tlog.Hash, size int64, newRoot tlog.Hash, old int64, oldRoot tlog.Hash) bool {
			return tlog.CheckTree(proof, size, newRoot, old, oldRoot) == nil
		}
		must(check(proof, p.Size, root(p.Size), p.Old, root(p.Old)), "%d to %d rows", p.Old, p.Size)
		for i, bad := range altered(proof) {
			must(!check(bad, p.Size, root(p.Size), p.Old, root(p.Old)), "%d to %d rows: altered proof %d", p.Old, p.Size, i)
		}
		must(!check(proof, p.Size, root(p.Old), p.Old, root(p.Old)) || p.Size == p.Old, "%d to %d rows under another root", p.Old, p.Size)
		must(!check(proof, p.Size, root(p.Size), p.Old, root(p.Old-1)), "%d to %d rows from another root", p.Old, p.Size)
	}
	must(len(in.Exhibits) > 0, "no exhibit")
	headless := 0
	for _, e := range in.Exhibits {
		judgeExhibit(e)
		if e.Head == nil {
			headless++
		}
	}
	must(headless > 0, "every exhibit has a head")
	fmt.Printf("%d checks by sumdb/note and sumdb/tlog held\n", checks)
}
