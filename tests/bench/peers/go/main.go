// SPDX-License-Identifier: Apache-2.0

// The bench's grpc-go server, at its defaults: echoes a greeting, or sends it a thousand times.
//
//	grpc_go_server ADDRESS [CERTIFICATE KEY]
package main

import (
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	pb "mltrainer/tests/bench/peers/helloworld"
)

const replies = 1000

type greeter struct {
	pb.UnimplementedGreeterServer
}

func (greeter) SayHello(_ context.Context, request *pb.HelloRequest) (*pb.HelloReply, error) {
	return &pb.HelloReply{Message: request.Name}, nil
}

func (greeter) SayHelloStreamReply(request *pb.HelloRequest, stream pb.Greeter_SayHelloStreamReplyServer) error {
	reply := &pb.HelloReply{Message: request.Name}
	for i := 0; i < replies; i++ {
		if err := stream.Send(reply); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var options []grpc.ServerOption
	if len(os.Args) > 3 {
		transport, err := credentials.NewServerTLSFromFile(os.Args[2], os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(transport))
	}
	server := grpc.NewServer(options...)
	pb.RegisterGreeterServer(server, greeter{})
	log.Fatal(server.Serve(listener))
}
