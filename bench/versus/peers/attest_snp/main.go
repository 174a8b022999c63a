// go-sev-guest, asked by tests/attest/differ.
//
//	attest-snp bench REPORT VEK ROOTS UNIX < SECONDS    a line of figures for each line of input
//	attest-snp judge ROOTS UNIX < LINES                 `accept` or `refuse` for each `REPORT VEK`, in hexadecimal
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-sev-guest/abi"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

func stop(err error) {
	fmt.Fprintln(os.Stderr, "attest-snp:", err)
	os.Exit(3)
}

type roots struct {
	ask, ark, asvk *x509.Certificate
	at             time.Time
}

func readRoots(path, at string) roots {
	rest, err := os.ReadFile(path)
	if err != nil {
		stop(err)
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		stop(err)
	}
	out := roots{at: time.Unix(seconds, 0)}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			stop(err)
		}
		switch name := certificate.Subject.CommonName; {
		case strings.HasPrefix(name, "ARK-"):
			out.ark = certificate
		case strings.HasPrefix(name, "SEV-VLEK-"):
			out.asvk = certificate
		default:
			out.ask = certificate
		}
	}
}

// judge verifies everything that comes: report, VEK and what binds them.
func judge(report, vek []byte, trusted roots) error {
	proto, err := abi.ReportToProto(report)
	if err != nil {
		return err
	}
	chain := &spb.CertificateChain{AskCert: trusted.ask.Raw, ArkCert: trusted.ark.Raw}
	info, err := abi.ParseSignerInfo(proto.GetSignerInfo())
	if err != nil {
		return err
	}
	line := strings.TrimPrefix(trusted.ark.Subject.CommonName, "ARK-")
	certificates := &trust.ProductCerts{Ask: trusted.ask, Ark: trusted.ark, Asvk: trusted.asvk}
	if info.SigningKey == abi.VlekReportSigner {
		chain.VlekCert = vek
		chain.AskCert = trusted.asvk.Raw
	} else {
		chain.VcekCert = vek
	}
	return verify.SnpAttestation(&spb.Attestation{Report: proto, CertificateChain: chain}, &verify.Options{
		DisableCertFetching: true,
		Now:                 trusted.at,
		TrustedRoots:        map[string][]*trust.AMDRootCerts{line: {{ProductLine: line, ProductCerts: certificates}}},
		Product:             &spb.SevProduct{Name: spb.SevProduct_SEV_PRODUCT_MILAN},
	})
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		stop(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func bench(reportPath, vekPath string, trusted roots) {
	report, err := os.ReadFile(reportPath)
	if err != nil {
		stop(err)
	}
	vek, err := os.ReadFile(vekPath)
	if err != nil {
		stop(err)
	}
	fmt.Println("accepted=1")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		seconds, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			stop(err)
		}
		count, begin, start := 0, cpu(), time.Now()
		for time.Since(start).Seconds() < seconds {
			if err := judge(report, vek, trusted); err != nil {
				stop(err)
			}
			count++
		}
		fmt.Printf("cpu_us=%.2f per_s=%.1f\n", (cpu()-begin)*1e6/float64(count), float64(count)/time.Since(start).Seconds())
	}
}

func answer(trusted roots) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		report, err := hex.DecodeString(words[0])
		if err != nil {
			stop(err)
		}
		vek, err := hex.DecodeString(words[1])
		if err != nil {
			stop(err)
		}
		if err := judge(report, vek, trusted); err != nil {
			fmt.Fprintln(out, "refuse", strings.Join(strings.Fields(err.Error()), " "))
		} else {
			fmt.Fprintln(out, "accept")
		}
	}
}

func main() {
	switch arguments := os.Args[1:]; {
	case len(arguments) == 5 && arguments[0] == "bench":
		bench(arguments[1], arguments[2], readRoots(arguments[3], arguments[4]))
	case len(arguments) == 3 && arguments[0] == "judge":
		answer(readRoots(arguments[1], arguments[2]))
	default:
		fmt.Fprintln(os.Stderr, "usage: attest-snp bench REPORT VEK ROOTS UNIX | judge ROOTS UNIX")
		os.Exit(2)
	}
}
