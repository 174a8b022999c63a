// Does nothing: what precompiles the headers of tests must have a source (cmake/RedoubtModule.cmake).
int main() {
  return 0;
}
