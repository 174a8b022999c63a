#include "admin/alert_operations.h"
#include "admin/approval_operations.h"
#include "admin/bundle_operations.h"
#include "admin/clock_operations.h"
#include "admin/exercise_operations.h"
#include "admin/export_operations.h"
#include "admin/group_operations.h"
#include "admin/hold_operations.h"
#include "admin/incident_operations.h"
#include "admin/key_operations.h"
#include "admin/limit_operations.h"
#include "admin/mesh_operations.h"
#include "admin/model_operations.h"
#include "admin/operation.h"
#include "admin/principal_operations.h"
#include "admin/response_operations.h"
#include "admin/server_operations.h"
#include "admin/signal_operations.h"
#include "admin/timeline_operations.h"

namespace redoubt::admin {

std::vector<const Operation*> all_operations() {
  std::vector<const Operation*> out;
  for (const auto& operations :
       {principal_operations(), key_operations(), group_operations(), approval_operations(), bundle_operations(),
        model_operations(), limit_operations(), hold_operations(), signal_operations(), mesh_operations(),
        alert_operations(), incident_operations(), timeline_operations(), clock_operations(), export_operations(),
        response_operations(), exercise_operations(), server_operations()}) {
    for (const Operation& operation : operations) out.push_back(&operation);
  }
  return out;
}

}  // namespace redoubt::admin
