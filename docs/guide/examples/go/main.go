// SPDX-License-Identifier: Apache-2.0

// mlTrainer from Go.
//
//	example keep SERVICE ID ADDRESS PORT   register an instance and keep it registered, until SIGINT or SIGTERM
//	example train FILE.csv TARGET          upload, train, follow the job, predict the last row
//	example watch SERVICE                  tell each change of a service's instances
//
// The server is MLTRAINER_SERVER (127.0.0.1:50051), over TLS if MLTRAINER_CA names a file of certificates;
// MLTRAINER_TOKEN is sent.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

const (
	callTime = 10 * time.Second
	jobTime  = 5 * time.Minute
)

func connect() (*grpc.ClientConn, error) {
	server := os.Getenv("MLTRAINER_SERVER")
	if server == "" {
		server = "127.0.0.1:50051"
	}
	transport := insecure.NewCredentials()
	if file := os.Getenv("MLTRAINER_CA"); file != "" {
		var err error
		if transport, err = credentials.NewClientTLSFromFile(file, ""); err != nil {
			return nil, err
		}
	}
	return grpc.NewClient(server, grpc.WithTransportCredentials(transport))
}

func main() {
	log.SetFlags(0)
	commands := map[string]struct {
		arguments int
		run       func(context.Context, *grpc.ClientConn, []string) error
	}{"keep": {4, keep}, "train": {2, train}, "watch": {1, watch}}
	if len(os.Args) < 2 || commands[os.Args[1]].run == nil || len(os.Args)-2 != commands[os.Args[1]].arguments {
		log.Fatal("usage: example keep SERVICE ID ADDRESS PORT | train FILE.csv TARGET | watch SERVICE")
	}
	connection, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if token := os.Getenv("MLTRAINER_TOKEN"); token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	if err := commands[os.Args[1]].run(ctx, connection, os.Args[2:]); err != nil {
		log.Fatal(fmt.Errorf("%s: %w", os.Args[1], err))
	}
}
