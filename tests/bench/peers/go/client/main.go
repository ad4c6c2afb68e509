// SPDX-License-Identifier: Apache-2.0

// The bench's grpc-go client, at its defaults: calls in a closed loop, connections x streams at a time; prints what
// mrpc_bench_client prints of the same run, as far as it is looked at.
//
//	grpc_go_client --target HOST:PORT [--connections N] [--streams N] [--seconds S] [--warmup S]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "mltrainer/tests/bench/peers/helloworld"
)

var (
	calls atomic.Int64
	ended atomic.Bool
)

func call(connection *grpc.ClientConn) {
	greeter := pb.NewGreeterClient(connection)
	request := &pb.HelloRequest{Name: "world"}
	for !ended.Load() {
		if _, err := greeter.SayHello(context.Background(), request); err != nil {
			log.Fatal(err)
		}
		calls.Add(1)
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second))
}

func main() {
	target := flag.String("target", "", "HOST:PORT")
	connections := flag.Int("connections", 1, "")
	streams := flag.Int("streams", 1, "calls at a time on each connection")
	measured := flag.Float64("seconds", 5, "")
	warmup := flag.Float64("warmup", 1, "seconds before")
	flag.Parse()
	var group sync.WaitGroup
	for i := 0; i < *connections; i++ {
		connection, err := grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			log.Fatal(err)
		}
		for j := 0; j < *streams; j++ {
			group.Add(1)
			go func() {
				defer group.Done()
				call(connection)
			}()
		}
	}
	time.Sleep(seconds(*warmup))
	began, before, used := time.Now(), calls.Load(), cpu()
	time.Sleep(seconds(*measured))
	done, used := float64(calls.Load()-before), cpu()-used
	took := time.Since(began).Seconds()
	ended.Store(true)
	group.Wait()
	fmt.Printf("{\"calls\": %.0f, \"calls_per_second\": %.0f, \"client_cpu_us_per_call\": %.2f}\n", done, done/took,
		float64(used.Microseconds())/done)
}
