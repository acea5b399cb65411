// SPDX-License-Identifier: GPL-2.0-or-later

// A peer of the key exchange written from docs/protocol.md on the library
// github.com/flynn/noise (Debian: golang-github-flynn-noise-dev). test_peer.c
// talks to it, to see that both understand the same.
//
// stdin: a line of role (initiator, responder), pattern (nnpsk0, ik, ikpsk2),
// DH (25519, p256), cipher (1, 2, 3), psk, own private key and peer's public
// key in hexadecimal, "-" for none; then a message a line. stdout: likewise;
// at last "keys" with what the exchange yields.
package main

import (
	"bufio"
	"bytes"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/flynn/noise"
	"golang.org/x/crypto/hkdf"
)

const (
	headerLen = 16
	cookieLen = 16
	macLen    = 16

	typeInit      = 1
	typeResponse  = 2
	typeChallenge = 3
)

// ---- P-256 as a DH function ------------------------------------------------

type p256 struct{}

func (p256) GenerateKeypair(rng io.Reader) (noise.DHKey, error) {
	private, x, y, err := elliptic.GenerateKey(elliptic.P256(), rng)
	if err != nil {
		return noise.DHKey{}, err
	}
	return noise.DHKey{Private: private, Public: elliptic.Marshal(elliptic.P256(), x, y)}, nil
}

func (p256) DH(private, public []byte) ([]byte, error) {
	x, y := elliptic.Unmarshal(elliptic.P256(), public)
	if x == nil {
		return nil, errors.New("no point of P-256")
	}
	x, _ = elliptic.P256().ScalarMult(x, y, private)
	return x.FillBytes(make([]byte, 32)), nil
}

func (p256) DHLen() int     { return 65 }
func (p256) DHName() string { return "P256" }

// ---- the link --------------------------------------------------------------

type link struct {
	initiator     bool
	pattern, dh   byte
	cipher        byte
	psk           []byte
	own           noise.DHKey
	peer          []byte
	suite         noise.CipherSuite
	handshake     *noise.HandshakeState
	init          []byte
	ownID, peerID uint32
	seen          [][32]byte
}

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "# peer: "+format+"\n", args...)
	os.Exit(1)
}

func unhex(s string) []byte {
	if s == "-" {
		return nil
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		fail("%v", err)
	}
	return b
}

func newLink(line string) *link {
	f := strings.Fields(line)
	if len(f) != 7 {
		fail("%d words in %q", len(f), line)
	}
	l := &link{initiator: f[0] == "initiator", cipher: f[3][0] - '0'}
	l.pattern = map[string]byte{"nnpsk0": 1, "ik": 2, "ikpsk2": 3}[f[1]]
	l.psk = unhex(f[4])
	l.peer = unhex(f[6])

	var dh noise.DHFunc = noise.DH25519
	if f[2] == "p256" {
		dh, l.dh = p256{}, 1
	}
	aead := noise.CipherAESGCM
	if l.cipher == 1 {
		aead = noise.CipherChaChaPoly
	}
	l.suite = noise.NewCipherSuite(dh, spy{aead, &l.seen}, noise.HashSHA256)
	if private := unhex(f[5]); private != nil {
		l.own = keypair(dh, private)
	}
	return l
}

func keypair(dh noise.DHFunc, private []byte) noise.DHKey {
	if _, ok := dh.(p256); ok {
		x, y := elliptic.P256().ScalarBaseMult(private)
		return noise.DHKey{Private: private, Public: elliptic.Marshal(elliptic.P256(), x, y)}
	}
	key, err := dh.GenerateKeypair(bytes.NewReader(private))
	if err != nil {
		fail("%v", err)
	}
	return key
}

// start begins an exchange whose prologue ends with what is at the head of INIT.
func (l *link) start(head []byte) {
	c := noise.Config{
		CipherSuite:   l.suite,
		Random:        rand.Reader,
		Initiator:     l.initiator,
		Prologue:      append([]byte("CIPE protocol 1"), head[:headerLen+cookieLen]...),
		PresharedKey:  l.psk,
		StaticKeypair: l.own,
	}
	c.Pattern = noise.HandshakeNN
	if l.pattern != 1 {
		c.Pattern = noise.HandshakeIK
		if l.initiator {
			c.PeerStatic = l.peer
		}
	}
	if l.pattern == 3 {
		c.PresharedKeyPlacement = 2
	}
	hs, err := noise.NewHandshakeState(c)
	if err != nil {
		fail("%v", err)
	}
	l.handshake = hs
}

// expand a key, the psk or a public key, by a label.
func expand(key []byte, label string, n int) []byte {
	k := make([]byte, n)
	if _, err := io.ReadFull(hkdf.New(sha256.New, key, nil, []byte(label)), k); err != nil {
		fail("%v", err)
	}
	return k
}

func hint(key []byte) []byte {
	return expand(key, "cipe hint", 2)
}

// mac of a message for whoever has the key.
func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, expand(key, "cipe mac", 32))
	h.Write(data)
	return h.Sum(nil)[:macLen]
}

func (l *link) keyOut() []byte {
	if l.pattern == 1 {
		return l.psk
	}
	return l.peer
}

func (l *link) keyIn() []byte {
	if l.pattern == 1 {
		return l.psk
	}
	return l.own.Public
}

// ---- messages --------------------------------------------------------------

func item(kind byte, value interface{}) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.BigEndian, value)
	return append([]byte{kind, byte(b.Len())}, b.Bytes()...)
}

func payload(kind byte, id uint32) []byte {
	var p []byte
	if kind == typeInit {
		p = item(1, uint64(1700000000000000000))
	}
	p = append(p, item(2, id)...)
	p = append(p, item(4, uint16(1400))...)
	return append(p, item(200, []byte("unknown items are skipped"))...)
}

// keyID looks for the peer's key id among the items.
func keyID(p []byte) uint32 {
	for len(p) >= 2 && len(p) >= 2+int(p[1]) {
		if p[0] == 2 {
			return binary.BigEndian.Uint32(p[2:])
		}
		p = p[2+int(p[1]):]
	}
	fail("no key id")
	return 0
}

func (l *link) writeInit(cookie []byte) []byte {
	msg := make([]byte, headerLen+cookieLen)
	copy(msg[4:], []byte{1, typeInit, l.pattern, 0, l.cipher, l.dh})
	copy(msg[10:], hint(l.keyOut()))
	rand.Read(msg[12:16])
	copy(msg[headerLen:], cookie)
	l.start(msg)
	l.ownID = 0x1000
	msg, _, _, err := l.handshake.WriteMessage(msg, payload(typeInit, l.ownID))
	if err != nil {
		fail("%v", err)
	}
	l.init = append(msg, mac(l.keyOut(), msg)...)
	return l.init
}

func (l *link) readInit(msg []byte) {
	end := len(msg) - macLen
	if end < headerLen+cookieLen || msg[5] != typeInit {
		fail("no INIT")
	}
	if !bytes.Equal(hint(l.keyIn()), msg[10:12]) {
		fail("the hint of INIT is wrong")
	}
	if !hmac.Equal(mac(l.keyIn(), msg[:end]), msg[end:]) {
		fail("the MAC of INIT is wrong")
	}
	l.start(msg)
	p, _, _, err := l.handshake.ReadMessage(nil, msg[headerLen+cookieLen:end])
	if err != nil {
		fail("%v", err)
	}
	if l.pattern != 1 && !bytes.Equal(l.handshake.PeerStatic(), l.peer) {
		fail("a stranger")
	}
	l.init = msg
	l.peerID = keyID(p)
}

func (l *link) challenge(msg, cookie []byte) []byte {
	c := append([]byte{}, msg[:headerLen]...)
	c[5] = typeChallenge
	c = append(c, cookie...)
	return append(c, mac(l.keyIn(), append(append([]byte{}, c...), msg[len(msg)-macLen:]...))...)
}

// readChallenge returns the cookie.
func (l *link) readChallenge(msg []byte) []byte {
	head := append([]byte{}, l.init[:headerLen]...)
	head[5] = typeChallenge
	if len(msg) != headerLen+cookieLen+macLen || !bytes.Equal(msg[:headerLen], head) {
		fail("no CHALLENGE of ours")
	}
	signed := append([]byte{}, msg[:headerLen+cookieLen]...)
	signed = append(signed, l.init[len(l.init)-macLen:]...)
	if !hmac.Equal(mac(l.keyOut(), signed), msg[headerLen+cookieLen:]) {
		fail("the MAC of CHALLENGE is wrong")
	}
	return msg[headerLen : headerLen+cookieLen]
}

func (l *link) writeResponse() []byte {
	msg := append([]byte{}, l.init[:headerLen]...)
	msg[5] = typeResponse
	l.ownID = 0x2000
	msg, _, _, err := l.handshake.WriteMessage(msg, payload(typeResponse, l.ownID))
	if err != nil {
		fail("%v", err)
	}
	return msg
}

func (l *link) readResponse(msg []byte) {
	head := append([]byte{}, l.init[:headerLen]...)
	head[5] = typeResponse
	if len(msg) < headerLen || !bytes.Equal(msg[:headerLen], head) {
		fail("no RESPONSE of ours")
	}
	p, _, _, err := l.handshake.ReadMessage(nil, msg[headerLen:])
	if err != nil {
		fail("%v", err)
	}
	l.peerID = keyID(p)
}

// ---- data keys -------------------------------------------------------------

// spy remembers keys: CipherState keeps those of Split() to itself.
type spy struct {
	noise.CipherFunc
	keys *[][32]byte
}

func (s spy) Cipher(k [32]byte) noise.Cipher {
	*s.keys = append(*s.keys, k)
	return s.CipherFunc.Cipher(k)
}

func (l *link) derive(k [32]byte, label string, n int) string {
	out := make([]byte, n)
	info := append([]byte(label), l.cipher)
	r := hkdf.New(sha256.New, k[:], l.handshake.ChannelBinding(), info)
	if _, err := io.ReadFull(r, out); err != nil {
		fail("%v", err)
	}
	return hex.EncodeToString(out)
}

// sayKeys writes keys, IVs and ids of sending and receiving.
func (l *link) sayKeys() {
	n := len(l.seen)
	tx, rx := l.seen[n-2], l.seen[n-1]
	if !l.initiator {
		tx, rx = rx, tx
	}
	size := 32
	if l.cipher == 2 {
		size = 16
	}
	fmt.Println("keys", l.derive(tx, "cipe data key", size), l.derive(tx, "cipe data iv", 12),
		l.derive(rx, "cipe data key", size), l.derive(rx, "cipe data iv", 12),
		l.peerID, l.ownID)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	next := func() string {
		if !in.Scan() {
			fail("nothing more to read")
		}
		return in.Text()
	}
	say := func(msg []byte) { fmt.Println(hex.EncodeToString(msg)) }
	l := newLink(next())
	if !l.initiator {
		msg := unhex(next())
		if bytes.Equal(msg[headerLen:headerLen+cookieLen], make([]byte, cookieLen)) {
			say(l.challenge(msg, []byte("a cookie of 16 o")))
			msg = unhex(next())
		}
		l.readInit(msg)
		say(l.writeResponse())
		l.sayKeys()
		return
	}
	say(l.writeInit(nil))
	msg := unhex(next())
	for len(msg) > 5 && msg[5] == typeChallenge {
		say(l.writeInit(l.readChallenge(msg)))
		msg = unhex(next())
	}
	l.readResponse(msg)
	l.sayKeys()
}
