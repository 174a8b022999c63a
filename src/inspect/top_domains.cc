#include "inspect/internal/top_domains.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

// Country codes in IANA's root zone database, two letters each, ascending.
constexpr std::string_view kCountries =
    "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczdedjdk"
    "dmdodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjojpkekg"
    "khkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompape"
    "pfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsiskslsmsnsosrssstsusvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaug"
    "uk"
    "usuyuzvavcvevgvivnvuwfwsyeytzazmzw";

// The generic ones in common use, ascending.
constexpr std::string_view kGeneric[] = {
    "academy",      "accountant",  "accountants", "actor",      "adult",        "aero",       "agency",
    "ai",           "amsterdam",   "apartments",  "app",        "army",         "art",        "asia",
    "associates",   "attorney",    "auction",     "audio",      "auto",         "baby",       "band",
    "bank",         "bar",         "barcelona",   "bargains",   "bayern",       "beauty",     "beer",
    "berlin",       "best",        "bet",         "bid",        "bike",         "bingo",      "bio",
    "biz",          "black",       "blog",        "blue",       "boats",        "bond",       "boo",
    "boston",       "bot",         "boutique",    "broker",     "build",        "builders",   "business",
    "buzz",         "bzh",         "cab",         "cafe",       "cam",          "camera",     "camp",
    "capital",      "car",         "cards",       "care",       "career",       "careers",    "cars",
    "casa",         "cash",        "casino",      "cat",        "catering",     "center",     "ceo",
    "channel",      "charity",     "chat",        "cheap",      "christmas",    "church",     "city",
    "claims",       "cleaning",    "click",       "clinic",     "clothing",     "cloud",      "club",
    "coach",        "codes",       "coffee",      "college",    "cologne",      "com",        "community",
    "company",      "compare",     "computer",    "condos",     "construction", "consulting", "contact",
    "contractors",  "cooking",     "cool",        "coop",       "country",      "coupons",    "courses",
    "credit",       "creditcard",  "cricket",     "cruises",    "cymru",        "dad",        "dance",
    "date",         "dating",      "day",         "deals",      "degree",       "delivery",   "democrat",
    "dental",       "dentist",     "desi",        "design",     "dev",          "diamonds",   "diet",
    "digital",      "direct",      "directory",   "discount",   "doctor",       "dog",        "domains",
    "download",     "earth",       "eco",         "edu",        "education",    "email",      "energy",
    "engineer",     "engineering", "enterprises", "equipment",  "esq",          "estate",     "eus",
    "events",       "example",     "exchange",    "expert",     "exposed",      "express",    "fail",
    "faith",        "family",      "fan",         "fans",       "farm",         "fashion",    "film",
    "finance",      "financial",   "fish",        "fishing",    "fit",          "fitness",    "flights",
    "florist",      "flowers",     "fly",         "foo",        "food",         "football",   "forex",
    "forsale",      "forum",       "foundation",  "frl",        "fun",          "fund",       "furniture",
    "fyi",          "gal",         "gallery",     "game",       "games",        "garden",     "gay",
    "gent",         "gift",        "gifts",       "gives",      "glass",        "global",     "gmbh",
    "gold",         "golf",        "gov",         "graphics",   "gratis",       "green",      "gripe",
    "group",        "guide",       "guitars",     "guru",       "hair",         "hamburg",    "haus",
    "health",       "healthcare",  "help",        "hiphop",     "hiv",          "hockey",     "holdings",
    "holiday",      "homes",       "horse",       "hospital",   "host",         "hosting",    "house",
    "how",          "icu",         "immo",        "immobilien", "inc",          "industries", "info",
    "ing",          "ink",         "institute",   "insurance",  "insure",       "int",        "international",
    "investments",  "invalid",     "irish",       "ist",        "istanbul",     "jetzt",      "jewelry",
    "jobs",         "juegos",      "kaufen",      "kim",        "kitchen",      "kiwi",       "koeln",
    "land",         "lat",         "law",         "lawyer",     "lease",        "legal",      "lgbt",
    "life",         "lighting",    "limited",     "limo",       "link",         "live",       "llc",
    "loan",         "loans",       "local",       "localhost",  "lol",          "london",     "lotto",
    "love",         "ltd",         "ltda",        "luxe",       "luxury",       "madrid",     "maison",
    "makeup",       "management",  "market",      "marketing",  "markets",      "mba",        "media",
    "melbourne",    "meme",        "memorial",    "men",        "menu",         "miami",      "mil",
    "mobi",         "moda",        "mom",         "money",      "monster",      "mortgage",   "motorcycles",
    "mov",          "movie",       "museum",      "music",      "nagoya",       "name",       "navy",
    "net",          "network",     "new",         "news",       "nexus",        "ngo",        "ninja",
    "nrw",          "nyc",         "okinawa",     "one",        "ong",          "onion",      "onl",
    "online",       "ooo",         "org",         "organic",    "osaka",        "page",       "paris",
    "partners",     "parts",       "party",       "pet",        "phd",          "photo",      "photography",
    "photos",       "pics",        "pictures",    "pink",       "pizza",        "place",      "plumbing",
    "plus",         "poker",       "porn",        "post",       "press",        "pro",        "productions",
    "prof",         "promo",       "properties",  "property",   "protection",   "pub",        "qpon",
    "quebec",       "quest",       "racing",      "realty",     "recipes",      "red",        "rehab",
    "reise",        "reisen",      "rent",        "rentals",    "repair",       "report",     "republican",
    "rest",         "restaurant",  "review",      "reviews",    "rich",         "rip",        "rocks",
    "rodeo",        "rsvp",        "rugby",       "ruhr",       "run",          "saarland",   "sale",
    "salon",        "sarl",        "sbs",         "school",     "schule",       "science",    "scot",
    "security",     "services",    "sexy",        "shiksha",    "shoes",        "shop",       "shopping",
    "show",         "singles",     "site",        "ski",        "skin",         "soccer",     "social",
    "software",     "solar",       "solutions",   "soy",        "space",        "spa",        "sport",
    "storage",      "store",       "stream",      "studio",     "study",        "style",      "sucks",
    "supplies",     "supply",      "support",     "surf",       "surgery",      "swiss",      "sydney",
    "systems",      "taipei",      "tattoo",      "tax",        "taxi",         "team",       "tech",
    "technology",   "tel",         "tennis",      "test",       "theater",      "theatre",    "tickets",
    "tienda",       "tips",        "tires",       "tirol",      "today",        "tokyo",      "tools",
    "top",          "tours",       "town",        "toys",       "trade",        "trading",    "training",
    "travel",       "tube",        "university",  "uno",        "vacations",    "vegas",      "ventures",
    "versicherung", "vet",         "viajes",      "video",      "villas",       "vin",        "vip",
    "vision",       "vlaanderen",  "vodka",       "vote",       "voyage",       "wales",      "wang",
    "watch",        "watches",     "webcam",      "website",    "wed",          "wedding",    "wien",
    "wiki",         "win",         "wine",        "work",       "works",        "world",      "wtf",
    "xxx",          "xyz",         "yachts",      "yoga",       "yokohama",     "you",        "zone",
};

}  // namespace

bool is_top_domain(std::string_view name) {
  if (name.size() > 63) return false;
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), to_lower);
  if (lower.starts_with("xn--")) return lower.size() > 5;
  if (lower.size() == 2) {
    for (std::size_t at = 0; at < kCountries.size(); at += 2) {
      if (kCountries.substr(at, 2) == lower) return true;
    }
    return false;
  }
  // Not in order by every rule of collation, so all of them are looked at; a domain is rare.
  return std::ranges::find(kGeneric, std::string_view(lower)) != std::end(kGeneric);
}

}  // namespace redoubt::inspect::internal
