// SPDX-License-Identifier: Apache-2.0

// gRPC's interop cases for compression on stock grpc-go, whose own interop programs do not have them.
//
//	compression --serve [--use_tls --tls_cert_file=FILE --tls_key_file=FILE]
//	compression --server_host=HOST --server_port=PORT --test_case=CASE [--use_tls --ca_file=FILE --server_host_override=NAME]
//
// grpc-go compresses a call or does not: a server cannot mix messages (server_compressed_streaming), nor can a client
// (client_compressed_streaming). What came compressed is seen by a stats handler.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/stats"
)

var (
	serve    = flag.Bool("serve", false, "be the server")
	certFile = flag.String("tls_cert_file", "", "the server's certificate")
	keyFile  = flag.String("tls_key_file", "", "its key")
	useTLS   = flag.Bool("use_tls", false, "TLS instead of clear text")
	caFile   = flag.String("ca_file", "", "whom the client trusts")
	host     = flag.String("server_host", "localhost", "where the client connects to")
	port     = flag.Int("server_port", 10000, "its port")
	override = flag.String("server_host_override", "", "the name that the server's certificate must have")
	testCase = flag.String("test_case", "", "the case")
)

// seen notes for each call whether its last message came compressed.
type seen struct{ compressed bool }

type seenKey struct{}

// watcher is a stats handler that keeps a seen in the context of each call.
type watcher struct{}

func (watcher) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if ctx.Value(seenKey{}) != nil { // a client's caller has brought its own
		return ctx
	}
	return context.WithValue(ctx, seenKey{}, &seen{})
}

func (watcher) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		ctx.Value(seenKey{}).(*seen).compressed = in.CompressedLength != in.Length
	}
}

func (watcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (watcher) HandleConn(context.Context, stats.ConnStats)                       {}

func runServer() error {
	options := []grpc.ServerOption{grpc.StatsHandler(watcher{})}
	if *useTLS {
		files, err := credentials.NewServerTLSFromFile(*certFile, *keyFile)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(files))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("ready %v\n", listener.Addr())
	return newServer(options).Serve(listener)
}

func runClient() error {
	trust := insecure.NewCredentials()
	if *useTLS {
		var err error
		if trust, err = credentials.NewClientTLSFromFile(*caFile, *override); err != nil {
			return err
		}
	}
	connection, err := grpc.NewClient(fmt.Sprintf("%s:%d", *host, *port), grpc.WithTransportCredentials(trust),
		grpc.WithStatsHandler(watcher{}))
	if err != nil {
		return err
	}
	defer connection.Close()
	return runCase(*testCase, connection)
}

func main() {
	flag.Parse()
	run := runClient
	if *serve {
		run = runServer
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
