import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import { changeAsShown } from "./versions";

export interface LinkTemplate {
  label: string;
  url_template: string;
}

export interface Links {
  links: LinkTemplate[];
}

export const organizationLinksQuery = queryOptions({
  queryKey: keys.organizationLinks,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/organization/links", { signal })),
});

export function useReplaceLinks() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ shown, links }: { shown: Links; links: LinkTemplate[] }) =>
      changeAsShown({
        shown,
        read: () => client.GET("/api/v1/organization/links"),
        save: (header) => unwrap(client.PUT("/api/v1/organization/links", { body: { links }, params: { header } })),
      }),
    onSuccess: (saved) => {
      queryClient.setQueryData(organizationLinksQuery.queryKey, saved);
      return queryClient.invalidateQueries({ queryKey: keys.contexts });
    },
  });
}
