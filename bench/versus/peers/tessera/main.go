// The peer of bench_append: Tessera's POSIX driver, on whatever cores it is given.
//
//	tessera-peer -dir D -producers 256 -batch 256 -age 1ms -size 1600 -seconds 3
//	entries_per_s=… cpu_s=… ack_p50_us=… ack_p99_us=… entries=…
//
// Each producer adds an entry and waits until Tessera has sequenced it durably and integrated it, then adds the next.
// A checkpoint is published at most every 250 ms. What is measured lies between the marks "begin" and "end" on standard
// error.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tessera-peer:", err)
		os.Exit(3)
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func main() {
	dir := flag.String("dir", "", "an existing, empty folder")
	producers := flag.Int("producers", 256, "entries in flight")
	batch := flag.Uint("batch", 256, "entries a batch at most")
	age := flag.Duration("age", time.Millisecond, "age at which a batch is written though it is smaller")
	size := flag.Int("size", 1600, "bytes an entry")
	seconds := flag.Float64("seconds", 3, "how long")
	flag.Parse()

	key, _, err := note.GenerateKey(rand.Reader, "bench.example/log")
	fail(err)
	signer, err := note.NewSigner(key)
	fail(err)
	ctx := context.Background()
	driver, err := posix.New(ctx, posix.Config{Path: *dir})
	fail(err)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(250*time.Millisecond).
		WithBatching(*batch, *age))
	fail(err)

	var next atomic.Uint64
	add := func(entry []byte) {
		binary.LittleEndian.PutUint64(entry, next.Add(1))
		_, err := appender.Add(ctx, tessera.NewEntry(append([]byte(nil), entry...)))()
		fail(err)
	}
	add(make([]byte, *size)) // makes the folders

	fmt.Fprintln(os.Stderr, "begin")
	cpu := cpuSeconds()
	begin := time.Now()
	latencies := make([][]float64, *producers)
	var group sync.WaitGroup
	for p := range latencies {
		group.Add(1)
		go func() {
			defer group.Done()
			entry := make([]byte, *size)
			for time.Since(begin).Seconds() < *seconds {
				start := time.Now()
				add(entry)
				latencies[p] = append(latencies[p], float64(time.Since(start).Nanoseconds())/1e3)
			}
		}()
	}
	group.Wait()
	elapsed := time.Since(begin).Seconds()
	cpu = cpuSeconds() - cpu
	fmt.Fprintln(os.Stderr, "end")

	var all []float64
	for _, some := range latencies {
		all = append(all, some...)
	}
	sort.Float64s(all)
	fmt.Printf("entries_per_s=%.0f cpu_s=%.3f ack_p50_us=%.0f ack_p99_us=%.0f entries=%d\n",
		float64(len(all))/elapsed, cpu, all[len(all)/2], all[len(all)*99/100], len(all))
	fail(shutdown(ctx))
}
