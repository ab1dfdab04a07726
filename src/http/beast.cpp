// Asio's TLS part compiled once, as asio.cpp does for the rest.
#include <boost/asio/ssl/impl/src.hpp>
