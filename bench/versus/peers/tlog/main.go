// The peer of bench_tlog: what golang.org/x/mod/sumdb/tlog makes of the same work, on whatever cores it is given.
//
//	tlog-peer SECONDS LEAVES PROOFS
//	proofs_per_s=… verify_per_s=… append_per_s=… proof_cpu_us=… verify_cpu_us=… append_cpu_us=…
//
// Every hash is in memory, in one slice, as its StoredHashes numbers them. Each of the three is measured for SECONDS.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const entrySize = 256

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tlog-peer:", err)
		os.Exit(3)
	}
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = s[index]
	}
	return out, nil
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// Units of `work` a second, and microseconds of CPU a unit. One call of `work` does `units`.
func measure(seconds float64, units int, work func()) (float64, float64) {
	cpu := cpuSeconds()
	begin := time.Now()
	done := 0
	for time.Since(begin).Seconds() < seconds {
		work()
		done += units
	}
	return float64(done) / time.Since(begin).Seconds(), (cpuSeconds() - cpu) / float64(done) * 1e6
}

// A fixed order of leaves without a pattern that a cache could follow (the constants are Knuth's MMIX).
type order uint64

func (o *order) next(bound int64) int64 {
	*o = *o*6364136223846793005 + 1442695040888963407
	return int64(uint64(*o)>>33) % bound
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	fail(err)
	return value
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: tlog-peer SECONDS LEAVES PROOFS"))
	}
	seconds, leaves, kept := number(os.Args[1]), int64(number(os.Args[2])), int(number(os.Args[3]))

	var tree stored
	entry := make([]byte, entrySize)
	add := func(n int64) {
		binary.LittleEndian.PutUint64(entry, uint64(n))
		hashes, err := tlog.StoredHashes(n, entry, tree)
		fail(err)
		tree = append(tree, hashes...)
	}
	for n := int64(0); n < leaves; n++ {
		add(n)
	}
	root, err := tlog.TreeHash(leaves, tree)
	fail(err)

	var leafOrder order = 1
	proofs, proofCPU := measure(seconds, 100, func() {
		for i := 0; i < 100; i++ {
			_, err := tlog.ProveRecord(leaves, leafOrder.next(leaves), tree)
			fail(err)
		}
	})

	type proven struct {
		index int64
		leaf  tlog.Hash
		proof tlog.RecordProof
	}
	list := make([]proven, kept)
	for i := range list {
		index := leafOrder.next(leaves)
		proof, err := tlog.ProveRecord(leaves, index, tree)
		fail(err)
		list[i] = proven{index, tree[tlog.StoredHashIndex(0, index)], proof}
	}
	verified, verifyCPU := measure(seconds, len(list), func() {
		for _, p := range list {
			fail(tlog.CheckRecord(p.proof, leaves, root, p.index, p.leaf))
		}
	})

	// The same tree once more, again and again: nothing is allocated for the slice then.
	next := leaves
	appended, appendCPU := measure(seconds, 1000, func() {
		for i := 0; i < 1000; i++ {
			if next == leaves {
				next, tree = 0, tree[:0]
			}
			add(next)
			next++
		}
	})
	fmt.Printf("proofs_per_s=%.0f verify_per_s=%.0f append_per_s=%.0f "+
		"proof_cpu_us=%.3f verify_cpu_us=%.3f append_cpu_us=%.3f\n",
		proofs, verified, appended, proofCPU, verifyCPU, appendCPU)
}
