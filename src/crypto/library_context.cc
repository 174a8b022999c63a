#include "crypto/internal/library_context.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#include <array>
#include <string_view>

#include "base/check.h"

namespace redoubt::crypto::internal {

namespace {

// The provider that has them all, in a context of its own.
OSSL_PROVIDER* source() {
  static OSSL_PROVIDER* const kProvider = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
  return kProvider;
}

const OSSL_ALGORITHM* query_source(int operation) {
  int no_cache = 0;
  const OSSL_ALGORITHM* algorithms = OSSL_PROVIDER_query_operation(source(), operation, &no_cache);
  REDOUBT_CHECK(algorithms != nullptr && no_cache == 0);
  return algorithms;
}

// Of a family: its keys, their decoder, their encoder. After the entry comes the end of the table, which has no names.
struct Selection {
  using Table = std::array<OSSL_ALGORITHM, 2>;
  Table keys;
  Table decoders;
  Table encoders;
};

constexpr std::array<std::string_view, 3> kFirstNames{"RSA", "EC", "ED25519"};  // as KeyFamily has them

Selection::Table select(KeyFamily family, int operation, std::string_view form) {
  for (const OSSL_ALGORITHM* each = query_source(operation); each->algorithm_names != nullptr; ++each) {
    const std::string_view names = each->algorithm_names;  // `EC:id-ecPublicKey:1.2.840.10045.2.1`
    const std::string_view properties = each->property_definition;
    if (names.substr(0, names.find(':')) == kFirstNames[static_cast<std::size_t>(family)] &&
        properties.find(form) != std::string_view::npos) {
      return {*each, OSSL_ALGORITHM{}};
    }
  }
  REDOUBT_CHECK(false);
}

template <KeyFamily kFamily>
const Selection& selection() {
  static const Selection kSelection{
      .keys = select(kFamily, OSSL_OP_KEYMGMT, ""),
      .decoders = select(kFamily, OSSL_OP_DECODER, "input=der,structure=SubjectPublicKeyInfo"),
      .encoders = select(kFamily, OSSL_OP_ENCODER, "output=der,structure=SubjectPublicKeyInfo"),
  };
  return kSelection;
}

// OSSL_FUNC_provider_query_operation (provider-base(7)).
template <KeyFamily kFamily>
const OSSL_ALGORITHM* query_operation(void* /*context*/, int operation, int* no_cache) {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return selection<kFamily>().keys.data();
    case OSSL_OP_DECODER:
      return selection<kFamily>().decoders.data();
    case OSSL_OP_ENCODER:
      return selection<kFamily>().encoders.data();
    default:
      return OSSL_PROVIDER_query_operation(source(), operation, no_cache);
  }
}

// OSSL_provider_init. The algorithms are the default provider's, and so is the context that they are called with.
template <KeyFamily kFamily>
int init_provider(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*from_core*/,
                  const OSSL_DISPATCH** functions, void** context) {
  static const std::array<OSSL_DISPATCH, 2> kFunctions{{
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(query_operation<kFamily>)},
      {0, nullptr},
  }};
  *functions = kFunctions.data();
  *context = OSSL_PROVIDER_get0_provider_ctx(source());
  return 1;
}

template <KeyFamily kFamily>
OSSL_LIB_CTX* make_context() {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  REDOUBT_CHECK(context != nullptr && OSSL_PROVIDER_add_builtin(context, "one-kind", init_provider<kFamily>) == 1 &&
                OSSL_PROVIDER_load(context, "one-kind") != nullptr);
  return context;
}

}  // namespace

OSSL_LIB_CTX* library_context(KeyFamily family) {
  static const std::array<OSSL_LIB_CTX*, 3> kContexts{make_context<KeyFamily::kRsa>(), make_context<KeyFamily::kEc>(),
                                                      make_context<KeyFamily::kEd25519>()};
  return kContexts[static_cast<std::size_t>(family)];
}

}  // namespace redoubt::crypto::internal
