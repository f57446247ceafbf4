import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

export interface LinkTemplate {
  label: string;
  url_template: string;
}

export const organizationLinksQuery = queryOptions({
  queryKey: keys.organizationLinks,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/organization/links", { signal })),
});

export function useReplaceLinks() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (links: LinkTemplate[]) => unwrap(client.PUT("/api/v1/organization/links", { body: { links } })),
    onSuccess: (saved) => {
      queryClient.setQueryData(organizationLinksQuery.queryKey, saved);
      return queryClient.invalidateQueries({ queryKey: keys.contexts });
    },
  });
}
