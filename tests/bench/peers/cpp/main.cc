// SPDX-License-Identifier: Apache-2.0

// The bench's grpc++ servers, at their defaults: echo a greeting, or send it a thousand times.
//     grpc_cpp_server async|callback ADDRESS [CERTIFICATE KEY]

#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "greeters.h"

static std::string contents(const char *file)
{
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 5) {
        std::cerr << "usage: grpc_cpp_server async|callback ADDRESS [CERTIFICATE KEY]\n";
        return 2;
    }
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (argc == 5) {
        grpc::SslServerCredentialsOptions options;
        options.pem_key_cert_pairs.push_back({contents(argv[4]), contents(argv[3])});
        credentials = grpc::SslServerCredentials(options);
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(argv[2], credentials);
    if (std::strcmp(argv[1], "async") == 0)
        serve_async(builder);
    else
        serve_callback(builder);
}
