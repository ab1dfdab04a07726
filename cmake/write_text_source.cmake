# Run by equeue_embed_text at build time.
file(READ ${FILE} text)
# A string literal may not exceed 65,536 bytes in strict C++, so a long file is cut into adjacent ones.
string(REPLACE "\n  \"" "\n)text\"\nR\"text(  \"" text "${text}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nstd::string_view equeue::${FUNCTION}() {\n  return R\"text(${text})text\";\n}\n")
