// gitleaks, for bench/versus/inspect_peers: as detectors/peer.py, which says what is read and printed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"
)

type found struct {
	Kind  string `json:"kind"`
	Line  int    `json:"line"`
	Value string `json:"value"`
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func readTexts(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	var texts []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			panic(err)
		}
		texts = append(texts, line.Text)
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	return texts
}

func main() {
	detector, err := detect.NewDetectorDefaultConfig() // its rules, as without a configuration
	if err != nil {
		panic(err)
	}
	texts := readTexts(os.Args[1])
	out := json.NewEncoder(os.Stdout)
	bytes := 0
	for _, text := range texts {
		bytes += len(text)
		claims := []found{}
		for _, each := range detector.DetectString(text) {
			at := max(strings.Index(text, each.Secret), 0)
			claims = append(claims, found{each.RuleID, 1 + strings.Count(text[:at], "\n"), each.Secret})
		}
		if err := out.Encode(claims); err != nil {
			panic(err)
		}
	}
	wanted := bufio.NewScanner(os.Stdin)
	for wanted.Scan() {
		seconds, err := strconv.ParseFloat(wanted.Text(), 64)
		if err != nil {
			panic(err)
		}
		passes, began, cpu := 0, time.Now(), cpuSeconds()
		for passes == 0 || time.Since(began).Seconds() < seconds {
			for _, text := range texts {
				detector.DetectString(text)
			}
			passes++
		}
		fmt.Printf("{\"bytes\": %d, \"cpu_s\": %g}\n", passes*bytes, cpuSeconds()-cpu)
	}
}
