// SPDX-License-Identifier: Apache-2.0

// A client of xds:/// by grpc-go. Reads lines "TARGET COUNT SECONDS" and answers each with a line of JSON: how many of
// COUNT calls each backend answered, and how many ended with which code.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	_ "google.golang.org/grpc/xds"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The names that the other clients print.
var names = map[codes.Code]string{
	codes.Unavailable: "UNAVAILABLE", codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.Internal: "INTERNAL",
	codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
}

// A StringValue is on the wire what HelloRequest and HelloReply are: one string, number 1.
func sayHello(connection *grpc.ClientConn, seconds float64) string {
	limit := time.Duration(seconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	reply := &wrapperspb.StringValue{}
	err := connection.Invoke(ctx, "/helloworld.Greeter/SayHello", wrapperspb.String("x"), reply)
	if err == nil {
		return reply.Value
	}
	if name, known := names[status.Code(err)]; known {
		return name
	}
	return err.Error()
}

func main() {
	connections := map[string]*grpc.ClientConn{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var target string
		var count int
		var seconds float64
		if _, err := fmt.Fscan(strings.NewReader(lines.Text()), &target, &count, &seconds); err != nil {
			panic(err)
		}
		if connections[target] == nil {
			connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				panic(err)
			}
			connections[target] = connection
		}
		seen := map[string]int{}
		for i := 0; i < count; i++ {
			seen[sayHello(connections[target], seconds)]++
		}
		text, _ := json.Marshal(seen)
		fmt.Println(string(text))
	}
}
